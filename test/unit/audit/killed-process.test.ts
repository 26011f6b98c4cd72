import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { appendFileSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { verifyLog } from '../../../src/audit/verify.ts'
import { sampleForwarding, sampleOperation } from '../../support/audit-entries.ts'
import { entriesOf, segmentsOf, withDataDir } from '../../support/audit-log-text.ts'
import { openHeldTrail } from '../../support/audit-trail-held.ts'

const child = join(dirname(fileURLToPath(import.meta.url)), '../../support/audit-child.ts')

/** Runs the recording process, kills it after so many confirmations, and returns all that were confirmed. */
async function recordUntilKilled(dataDir: string, confirmations: number): Promise<readonly string[]> {
  const recording = spawn(process.execPath, [child, dataDir], { stdio: ['ignore', 'pipe', 'inherit'] })
  const exited = once(recording, 'exit')
  const confirmed: string[] = []
  for await (const line of createInterface({ input: recording.stdout })) {
    confirmed.push(line)
    if (confirmed.length === confirmations) recording.kill('SIGKILL')
  }
  await exited
  return confirmed
}

/** Leaves the first segment alone. */
function removeLaterSegments(directory: string): void {
  for (const path of segmentsOf(directory).slice(1)) rmSync(path)
}

describe('R5: a process that is killed', () => {
  test('loses no confirmed record, and the next start closes what it left open', async () => {
    await withDataDir(async (dataDir) => {
      const directory = join(dataDir, 'audit', 'node1-main')
      const confirmed: string[] = []
      for (const confirmations of [1, 300, 1000]) {
        confirmed.push(...(await recordUntilKilled(dataDir, confirmations)))
        expect(await verifyLog(directory)).toMatchObject({ ok: true })
      }
      const { trail } = await openHeldTrail(dataDir)
      await trail.close()
      const entries = entriesOf(directory)
      for (const line of confirmed) {
        const [index, exchange] = line.split(' ')
        expect(entries[Number(index)]).toMatchObject({ type: 'forwarding', exchange })
      }
      const outcomes = entries.filter(({ type }) => type === 'outcome').map((entry) => 'exchange' in entry && entry.exchange)
      expect(new Set(outcomes).size).toBe(outcomes.length)
      expect(outcomes).toHaveLength(entries.filter(({ type }) => type === 'forwarding').length)
      expect(entries.some((entry) => entry.type === 'outcome' && entry.end === 'interrupted')).toBe(true)
      expect(await verifyLog(directory)).toMatchObject({ ok: true, unfinished: 0, tornTail: false })
    })
  })

  test('keeps others from its log while it lives', async () => {
    await withDataDir(async (dataDir) => {
      const recording = spawn(process.execPath, [child, dataDir], { stdio: ['ignore', 'pipe', 'inherit'] })
      await once(recording.stdout, 'data')
      await expect(openHeldTrail(dataDir)).rejects.toThrow(`being written by process ${recording.pid}`)
      recording.kill('SIGKILL')
      await once(recording, 'exit')
      const { trail } = await openHeldTrail(dataDir)
      await trail.close()
    })
  })
})

describe('R5: a torn end', () => {
  test('is cut off at whatever byte of the last record the write broke off, and the log goes on', async () => {
    await withDataDir(async (dataDir) => {
      const first = await openHeldTrail(dataDir)
      await first.trail.operation(sampleOperation('whole'))
      await first.trail.operation(sampleOperation('torn'))
      await first.trail.close()
      const [path = ''] = segmentsOf(first.directory)
      const bytes = readFileSync(path)
      const lastLine = bytes.lastIndexOf(10, bytes.length - 2) + 1
      for (let length = lastLine; length < bytes.length; length += 1) {
        writeFileSync(path, bytes.subarray(0, length))
        expect(await verifyLog(first.directory)).toMatchObject({ ok: true, records: 1, tornTail: length > lastLine })
        const { trail } = await openHeldTrail(dataDir)
        expect((await trail.operation(sampleOperation('again'))).index).toBe(1)
        await trail.close()
        expect(await verifyLog(first.directory)).toMatchObject({ ok: true, records: 2, tornTail: false })
        removeLaterSegments(first.directory)
      }
    })
  })

  test('a segment broken off in its first line is begun again', async () => {
    await withDataDir(async (dataDir) => {
      const first = await openHeldTrail(dataDir)
      await first.trail.forwarding(sampleForwarding('a'))
      await first.trail.close()
      const second = await openHeldTrail(dataDir)
      await second.trail.close()
      const last = segmentsOf(first.directory).at(-1) ?? ''
      const header = readFileSync(last, 'latin1').split('\n')[0] ?? ''
      for (let length = 0; length <= header.length; length += 7) {
        writeFileSync(last, header.slice(0, length), { mode: 0o600 })
        expect(await verifyLog(first.directory)).toMatchObject({ ok: true, records: 1, tornTail: true })
        const { trail } = await openHeldTrail(dataDir)
        expect(trail.health.writable).toBe(true)
        await trail.close()
        removeLaterSegments(first.directory)
      }
    })
  })

  test('blocks of a group that never reached the disk are cut off with all that follows them', async () => {
    await withDataDir(async (dataDir) => {
      const first = await openHeldTrail(dataDir)
      await first.trail.operation(sampleOperation('whole'))
      await Promise.all(Array.from({ length: 9 }, (_, n) => first.trail.operation(sampleOperation(`group-${n}`))))
      await first.trail.close()
      const [path = ''] = segmentsOf(first.directory)
      const bytes = readFileSync(path)
      bytes.fill(0, bytes.indexOf('group-3'), bytes.indexOf('group-5'))
      writeFileSync(path, bytes)
      expect(await verifyLog(first.directory)).toMatchObject({ ok: true, records: 4, tornTail: true })
      const { trail } = await openHeldTrail(dataDir)
      expect((await trail.operation(sampleOperation('again'))).index).toBe(4)
      await trail.close()
    })
  })

  test('zeros before a later write are no torn end: the start is refused, and the place named', async () => {
    await withDataDir(async (dataDir) => {
      const first = await openHeldTrail(dataDir)
      for (const act of ['one', 'two', 'three']) await first.trail.operation(sampleOperation(act))
      await first.trail.close()
      const [path = ''] = segmentsOf(first.directory)
      const bytes = readFileSync(path)
      bytes.fill(0, bytes.indexOf('"two"'), bytes.indexOf('"two"') + 5)
      writeFileSync(path, bytes)
      expect(await verifyLog(first.directory)).toMatchObject({ ok: false, badIndex: 1, file: path, line: 3 })
      await expect(openHeldTrail(dataDir)).rejects.toThrow(`${path}:3: `)
    })
  })

  test('an edited record is no torn end either', async () => {
    await withDataDir(async (dataDir) => {
      const first = await openHeldTrail(dataDir)
      for (const act of ['one', 'two']) await first.trail.operation(sampleOperation(act))
      await first.trail.close()
      const [path = ''] = segmentsOf(first.directory)
      writeFileSync(path, readFileSync(path, 'latin1').replace('"one"', '"eno"'))
      await expect(openHeldTrail(dataDir)).rejects.toThrow(/:2: the record was changed/)
      truncateSync(path, 0)
      appendFileSync(path, 'no log at all\n')
      await expect(openHeldTrail(dataDir)).rejects.toThrow(/:1: the first line is not the header/)
    })
  })
})
