import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { rangesOf } from '../../../../src/audit/merkle-tree.ts'
import { mendTiles } from '../../../../src/audit/tiles/mend-tiles.ts'
import { verifyAll } from '../../../../src/audit/verify.ts'
import { sampleOperation } from '../../../support/audit-entries.ts'
import { segmentsOf, withDataDir } from '../../../support/audit-log-text.ts'
import { type HeldTrail, openHeldTrail, until } from '../../../support/audit-trail-held.ts'
import { leavesOf, tilesIn } from '../../../support/tile-files.ts'

const child = fileURLToPath(new URL('../../../support/audit-child.ts', import.meta.url))

async function record({ trail }: HeldTrail, count: number): Promise<void> {
  await Promise.all(Array.from({ length: count }, (_, n) => trail.operation(sampleOperation(`act-${n}`))))
}

/** A log of so many records in segments of 4 KiB, closed as it should be. */
async function closedLog(dataDir: string, count: number): Promise<string> {
  const held = await openHeldTrail(dataDir, { segmentBytes: 4096 })
  for (let left = count; left > 0; left -= 50) await record(held, Math.min(50, left))
  await held.trail.close()
  return held.directory
}

/** Opens the log again and lets seconds pass until its tiles stand for all that is in it; then closes it. */
async function openUntilTiled(dataDir: string): Promise<void> {
  const held = await openHeldTrail(dataDir, { segmentBytes: 4096 })
  await until(() => {
    held.second()
    return Object.keys(wrongTiles(held.directory)).length === 0
  })
  await held.trail.close()
}

/** The tiles that the log's leaves make, worked out from the definition: each hash the root over the leaves below it. */
function expectedTiles(directory: string): Readonly<Record<string, Buffer>> {
  const leaves = leavesOf(directory)
  const roots = rangesOf((index) => leaves[index] as Buffer)
  const tiles: Record<string, Buffer> = {}
  for (let level = 0, each = 1; each <= leaves.length; level += 1, each *= 256) {
    const hashes = Array.from({ length: Math.floor(leaves.length / each) }, (_, n) => roots(n * each, (n + 1) * each))
    for (let at = 0; at < hashes.length; at += 256) {
      const width = Math.min(256, hashes.length - at)
      const name = String(at / 256).padStart(3, '0')
      tiles[`tile/${level}/${name}${width === 256 ? '' : `.p/${width}`}`] = Buffer.concat(hashes.slice(at, at + width))
    }
  }
  return tiles
}

/** Expected tiles that do not stand there. */
function wrongTiles(directory: string): Readonly<Record<string, Buffer>> {
  const there = tilesIn(directory)
  return Object.fromEntries(Object.entries(expectedTiles(directory)).filter(([path, hashes]) => there[path]?.equals(hashes) !== true))
}

describe('the tiles of a log (C2SP tlog-tiles)', () => {
  test('hold 256 hashes each and the rest in a partial one, and are all there at the end', async () => {
    await withDataDir(async (dataDir) => {
      const directory = await closedLog(dataDir, 700)
      const tiles = tilesIn(directory)
      expect(Object.keys(tiles)).toEqual(['tile/0/000', 'tile/0/001', 'tile/0/002.p/188', 'tile/1/000.p/2'])
      expect(tiles).toEqual(expectedTiles(directory))
    })
  })

  test('follow each checkpoint; a full one takes the place of its partial ones and is written once', async () => {
    await withDataDir(async (dataDir) => {
      const held = await openHeldTrail(dataDir)
      const { directory } = held
      for (const [count, paths] of [
        [200, ['tile/0/000.p/200']],
        [50, ['tile/0/000.p/200', 'tile/0/000.p/250']],
        [50, ['tile/0/000', 'tile/0/001.p/44', 'tile/1/000.p/1']],
      ] as const) {
        await record(held, count)
        held.second()
        await until(() => Object.keys(wrongTiles(directory)).length === 0)
        await until(() => Object.keys(tilesIn(directory)).join() === paths.join())
      }
      const { ino, mtimeNs } = statSync(join(directory, 'tile/0/000'), { bigint: true })
      await record(held, 300)
      await held.trail.close()
      await openUntilTiled(dataDir)
      expect(statSync(join(directory, 'tile/0/000'), { bigint: true })).toMatchObject({ ino, mtimeNs })
    })
  })

  test('R5: are made from the log after a process was killed, for all that was confirmed', async () => {
    await withDataDir(async (dataDir) => {
      const directory = join(dataDir, 'audit', 'node1-main')
      for (const confirmations of [100, 600]) {
        const recording = spawn(process.execPath, [child, dataDir], { stdio: ['ignore', 'pipe', 'inherit'] })
        const exited = once(recording, 'exit')
        let confirmed = 0
        for await (const _line of createInterface({ input: recording.stdout })) {
          confirmed += 1
          if (confirmed === confirmations) recording.kill('SIGKILL')
        }
        await exited
        await openUntilTiled(dataDir)
        expect(leavesOf(directory).length).toBeGreaterThan(confirmed)
        expect((await verifyAll(dataDir)).get('node1/main')).toMatchObject({ ok: true })
      }
    })
  })

  const losses: readonly { what: string; lose: (directory: string) => void }[] = [
    { what: 'all of them', lose: (directory) => rmSync(join(directory, 'tile'), { recursive: true }) },
    { what: 'the right edge', lose: (directory) => rmSync(join(directory, 'tile/0/002.p'), { recursive: true }) },
    { what: 'the upper level', lose: (directory) => rmSync(join(directory, 'tile/1'), { recursive: true }) },
    { what: 'what the edge held', lose: (directory) => writeFileSync(join(directory, 'tile/0/002.p/188'), Buffer.alloc(188 * 32)) },
    {
      what: 'the edge and a full one that a power cut emptied',
      lose: (directory) => {
        writeFileSync(join(directory, 'tile/0/000'), '')
        rmSync(join(directory, 'tile/0/002.p'), { recursive: true })
      },
    },
  ]
  for (const { what, lose } of losses) {
    test(`are made anew at a start that finds lost: ${what}`, async () => {
      await withDataDir(async (dataDir) => {
        const directory = await closedLog(dataDir, 700)
        lose(directory)
        expect(Object.keys(wrongTiles(directory))).not.toEqual([])
        await openUntilTiled(dataDir)
        expect(tilesIn(directory)).toEqual(expectedTiles(directory))
      })
    })
  }

  test('a disk that takes no tiles costs no record, and they follow once it does', async () => {
    await withDataDir(async (dataDir) => {
      const held = await openHeldTrail(dataDir)
      writeFileSync(join(held.directory, 'tile'), 'in the way', { mode: 0o600 })
      await record(held, 300)
      held.second()
      const checkpoint = join(held.directory, 'checkpoint')
      await until(() => existsSync(checkpoint) && readFileSync(checkpoint, 'utf8').includes('\n300\n'))
      rmSync(join(held.directory, 'tile'))
      await record(held, 1)
      await held.trail.close()
      expect(tilesIn(held.directory)).toEqual(expectedTiles(held.directory))
    })
  })

  test('what was cut off of the log while it was down is not gone on from: the tiles are those of the records that are there', async () => {
    await withDataDir(async (dataDir) => {
      const directory = await closedLog(dataDir, 300)
      const [last = '', empty = ''] = segmentsOf(directory).slice(-2)
      rmSync(empty)
      writeFileSync(last, readFileSync(last, 'latin1').split('\n').toSpliced(-2, 1).join('\n'))
      await openUntilTiled(dataDir)
      expect(wrongTiles(directory)).toEqual({})
    })
  })

  test('mending asks for no more than is there, and refuses a log that is broken', async () => {
    await withDataDir(async (dataDir) => {
      const directory = await closedLog(dataDir, 160)
      expect(await mendTiles({ directory, all: true })).toEqual({ records: 160, made: 0 })
      rmSync(join(directory, 'tile'), { recursive: true })
      mkdirSync(join(directory, 'tile'), { mode: 0o700 })
      expect(await mendTiles({ directory })).toEqual({ records: 160, made: 1 })
      await expect(mendTiles({ directory, size: 161 })).rejects.toThrow('the log ends before record 160')
      const [, second = ''] = segmentsOf(directory)
      rmSync(second)
      await expect(mendTiles({ directory, all: true })).rejects.toThrow(/records \d+ to \d+ are missing/)
    })
  })
})

describe('R6: verifying the tiles', () => {
  const faults: readonly {
    what: string
    file: string
    badIndex: number
    problem: RegExp
    harm: (path: string) => void
    heal?: (path: string) => void
  }[] = [
    { what: 'a full tile changed', file: 'tile/0/001', badIndex: 256, problem: /records 256 to 511 holds other/, harm: flip },
    {
      what: 'a full tile cut short',
      file: 'tile/0/000',
      badIndex: 0,
      problem: /records 0 to 255 holds other/,
      harm: (path) => writeFileSync(path, ''),
    },
    {
      what: 'a full tile missing',
      file: 'tile/0/000',
      badIndex: 0,
      problem: /is missing, and a later one is there/,
      harm: (path) => rmSync(path),
    },
    {
      what: 'a folder in the place of a full tile',
      file: 'tile/0/000',
      badIndex: 0,
      problem: /is missing/,
      harm: (path) => {
        rmSync(path)
        mkdirSync(path)
      },
      heal: (path) => rmSync(path, { recursive: true }),
    },
    { what: 'a tile above changed', file: 'tile/1/000.p/2', badIndex: 0, problem: /records 0 to 511 holds other/, harm: flip },
    { what: 'the partial tile changed', file: 'tile/0/002.p/188', badIndex: 512, problem: /records 512 to 699 holds other/, harm: flip },
  ]
  function flip(path: string): void {
    const bytes = readFileSync(path)
    writeFileSync(path, bytes.with(17, (bytes[17] ?? 0) ^ 1))
  }
  for (const { what, file, badIndex, problem, harm, heal } of faults) {
    test(`names ${what}, and retiling heals it`, async () => {
      await withDataDir(async (dataDir) => {
        const directory = await closedLog(dataDir, 700)
        expect((await verifyAll(dataDir)).get('node1/main')).toMatchObject({ ok: true, records: 700 })
        harm(join(directory, file))
        const found = (await verifyAll(dataDir)).get('node1/main')
        expect(found).toMatchObject({ ok: false, file: join(directory, file), badIndex, problem: expect.stringMatching(problem) })
        heal?.(join(directory, file))
        expect(await mendTiles({ directory, all: true })).toEqual({ records: 700, made: 1 })
        expect((await verifyAll(dataDir)).get('node1/main')).toMatchObject({ ok: true })
      })
    })
  }

  test('names a changed record rather than the tiles that then differ, and does without tiles', async () => {
    await withDataDir(async (dataDir) => {
      const directory = await closedLog(dataDir, 300)
      const [first = ''] = segmentsOf(directory)
      const text = readFileSync(first, 'latin1')
      writeFileSync(first, text.replace('"act-3"', '"act-4"'))
      expect((await verifyAll(dataDir)).get('node1/main')).toMatchObject({ ok: false, file: first, badIndex: 3 })
      writeFileSync(first, text)
      rmSync(join(directory, 'tile'), { recursive: true })
      expect((await verifyAll(dataDir)).get('node1/main')).toMatchObject({ ok: true, records: 300 })
    })
  })
})
