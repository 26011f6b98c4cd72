import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { cpSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import { headerLine, type SegmentHeader } from '../../../src/audit/log-line.ts'
import { readSegment } from '../../../src/audit/segment-reading.ts'
import { type Expectations, verifyAll, verifyLog } from '../../../src/audit/verify.ts'
import { sampleForwarding, sampleOperation, sampleOutcome } from '../../support/audit-entries.ts'
import { segmentsOf, withDataDir } from '../../support/audit-log-text.ts'
import { openHeldTrail } from '../../support/audit-trail-held.ts'
import { recordLine } from '../../support/record-line.ts'

/** A log of several segments with some records each; returns its directory. */
async function writeLog(dataDir: string): Promise<string> {
  const { trail, directory } = await openHeldTrail(dataDir, { segmentBytes: 4096 })
  for (let n = 0; n < 9; n += 1) {
    await trail.forwarding(sampleForwarding(`x${n}`))
    trail.outcome(sampleOutcome(`x${n}`))
  }
  await trail.operation(sampleOperation('stop'))
  await trail.close()
  return directory
}

function changeLines(path: string, change: (lines: string[]) => string[]): void {
  writeFileSync(path, change(readFileSync(path, 'latin1').split('\n')).join('\n'))
}

/** Index of the first record of the segment. */
function firstOf(path: string): number {
  return Number.parseInt(path.slice(-16), 10)
}

interface Tampering {
  readonly what: string
  /** Changes the log; says where the fault must be found, relative to the second segment's first record and its lines. */
  readonly change: (segments: readonly string[]) => void
  readonly offset: number
  readonly line: number
  readonly problem: RegExp
  readonly segment?: number
}

const tamperings: readonly Tampering[] = [
  {
    what: 'an edited value',
    change: ([, path = '']) => changeLines(path, (lines) => lines.with(2, (lines[2] ?? '').replace('"v":1', '"v":2'))),
    offset: 1,
    line: 3,
    problem: /changed/,
  },
  {
    what: 'a record given another hash',
    change: ([, path = '']) =>
      changeLines(path, (lines) => lines.with(1, (lines[1] ?? '').replace(/"h":"[^"]*"/, `"h":"${'B'.repeat(43)}"`))),
    offset: 0,
    line: 2,
    problem: /changed/,
  },
  {
    what: 'a record given another group',
    change: ([, path = '']) => changeLines(path, (lines) => lines.with(1, (lines[1] ?? '').replace(/"g":\d+/, '"g":0'))),
    offset: 0,
    line: 2,
    problem: /changed/,
  },
  {
    what: 'a removed record',
    change: ([, path = '']) => changeLines(path, (lines) => lines.toSpliced(2, 1)),
    offset: 1,
    line: 3,
    problem: /missing/,
  },
  {
    what: 'two records exchanged',
    change: ([, path = '']) => changeLines(path, (lines) => lines.with(1, lines[2] ?? '').with(2, lines[1] ?? '')),
    offset: 0,
    line: 2,
    problem: /missing/,
  },
  {
    what: 'a record repeated',
    change: ([, path = '']) => changeLines(path, (lines) => lines.toSpliced(2, 0, lines[1] ?? '')),
    offset: 1,
    line: 3,
    problem: /stands here again/,
  },
  {
    what: 'a strange line',
    change: ([, path = '']) => changeLines(path, (lines) => lines.toSpliced(2, 0, 'hello')),
    offset: 1,
    line: 3,
    problem: /not a record/,
  },
  {
    what: 'a segment cut short before the last',
    change: ([, path = '']) => changeLines(path, (lines) => [...lines.slice(0, 2), (lines[2] ?? '').slice(0, -5)]),
    offset: 1,
    line: 3,
    problem: /cut short/,
    segment: 1,
  },
  {
    what: 'the last records of a segment before the last removed',
    change: ([, path = '']) => changeLines(path, (lines) => [...lines.slice(0, 2), '']),
    offset: 1,
    line: 1,
    problem: /are missing/,
    segment: 2,
  },
  { what: 'a segment removed', change: ([, path = '']) => rmSync(path), offset: 0, line: 1, problem: /are missing/, segment: 2 },
  {
    what: 'a header changed',
    change: ([, path = '']) => changeLines(path, (lines) => lines.with(0, (lines[0] ?? '').replace('"at":', '"at":1'))),
    offset: 0,
    line: 1,
    problem: /header was changed/,
  },
  {
    what: 'a header removed',
    change: ([, path = '']) => changeLines(path, (lines) => lines.slice(1)),
    offset: 0,
    line: 1,
    problem: /not the header/,
  },
  {
    what: 'a segment under another name',
    change: ([, path = '']) => renameSync(path, path.replace(/\d\.log$/, '9.log')),
    offset: 0,
    line: 1,
    problem: /name does not fit/,
  },
]

describe('R6: verifying a log', () => {
  for (const { what, change, offset, line, problem, segment = 1 } of tamperings) {
    test(`names the place of ${what}`, async () => {
      await withDataDir(async (dataDir) => {
        const directory = await writeLog(dataDir)
        const segments = segmentsOf(directory)
        expect(segments.length).toBeGreaterThan(3)
        const first = firstOf(segments[1] ?? '')
        const file = segments[segment] ?? ''
        change(segments)
        const result = await verifyLog(directory)
        expect(result).toMatchObject({ ok: false, badIndex: first + offset, line, problem: expect.stringMatching(problem) })
        if (what !== 'a segment under another name') expect(result).toMatchObject({ file })
      })
    })
  }

  test('finds the first segment missing, unless it is known to have been removed', async () => {
    await withDataDir(async (dataDir) => {
      const directory = await writeLog(dataDir)
      const [first = '', second = ''] = segmentsOf(directory)
      rmSync(first)
      expect(await verifyLog(directory)).toMatchObject({ ok: false, badIndex: 0, file: second, problem: expect.stringMatching(/missing/) })
      const firstIndex = firstOf(second)
      expect(await verifyLog(directory, { firstIndex })).toMatchObject({ ok: true, firstIndex, lastIndex: 18, records: 19 - firstIndex })
      expect(await verifyLog(directory, { firstIndex: firstIndex + 1 })).toMatchObject({
        ok: false,
        problem: expect.stringMatching(/begins at/),
      })
    })
  })

  test('finds an end cut off, or an old copy put back, against a remembered head alone', async () => {
    await withDataDir(async (dataDir) => {
      const directory = await writeLog(dataDir)
      const whole = await verifyLog(directory)
      if (!whole.ok) throw new Error(whole.problem)
      const expectations: Expectations = { head: { index: whole.lastIndex, hash: whole.head } }
      expect(await verifyLog(directory, expectations)).toMatchObject({ ok: true })
      const last = segmentsOf(directory).at(-1) ?? ''
      changeLines(last, (lines) => lines.toSpliced(-2, 1))
      expect(await verifyLog(directory)).toMatchObject({ ok: true, lastIndex: whole.lastIndex - 1 })
      expect(await verifyLog(directory, expectations)).toMatchObject({ ok: false, badIndex: whole.lastIndex, file: last })
    })
  })

  test('finds a log rewritten from the beginning against a remembered head', async () => {
    await withDataDir(async (dataDir) => {
      const directory = await writeLog(dataDir)
      const head = { index: 3, hash: 'C'.repeat(43) }
      expect(await verifyLog(directory, { head })).toMatchObject({ ok: false, badIndex: 3, problem: expect.stringMatching(/remembered/) })
    })
  })

  test('finds a log that stands in the place of another', async () => {
    await withDataDir(async (dataDir) => {
      const directory = await writeLog(dataDir)
      cpSync(directory, directory.replace('node1-main', 'node2-main'), { recursive: true })
      const results = await verifyAll(dataDir)
      expect(results.get('node1/main')).toMatchObject({ ok: true })
      expect(results.get('node2/main')).toMatchObject({
        ok: false,
        badIndex: 0,
        problem: expect.stringMatching(/belongs to the log node1\/main/),
      })
    })
  })

  test('reads a log while it is being written', async () => {
    await withDataDir(async (dataDir) => {
      const { trail, directory } = await openHeldTrail(dataDir, { segmentBytes: 4096 })
      let done = false
      const writing = (async () => {
        for (let n = 0; n < 300; n += 1) await trail.forwarding(sampleForwarding(`x${n}`))
        done = true
      })()
      let seen = -1
      while (!done) {
        const result = await verifyLog(directory)
        expect(result).toMatchObject({ ok: true })
        if (result.ok) expect(result.lastIndex).toBeGreaterThanOrEqual(seen)
        seen = result.ok ? result.lastIndex : seen
      }
      await writing
      await trail.close()
      expect(await verifyLog(directory)).toMatchObject({ ok: true, records: 300, unfinished: 300 })
    })
  })

  test('a log behind a link, as where it was moved to another disk, is verified like the others, and told where the disk is away', async () => {
    await withDataDir(async (dataDir) => {
      const held = await openHeldTrail(dataDir)
      for (const name of ['one', 'two']) await held.trail.operation(sampleOperation(name))
      await held.trail.close()
      const moved = join(dataDir, '..', 'other-disk')
      renameSync(held.directory, moved)
      symlinkSync(moved, held.directory)
      const again = await openHeldTrail(dataDir)
      await again.trail.operation(sampleOperation('three'))
      await again.trail.close()
      const result = async () => (await verifyAll(dataDir)).get('node1/main')
      expect(await result()).toMatchObject({ ok: true, records: 3 })
      const [path = ''] = segmentsOf(moved)
      writeFileSync(path, readFileSync(path, 'latin1').replace('"two"', '"TWO"'))
      expect(await result()).toMatchObject({ ok: false, badIndex: 1 })
      renameSync(moved, `${moved}-away`)
      expect(await result()).toMatchObject({ ok: false, file: held.directory, problem: expect.stringMatching(/is a link/) })
    })
  })

  test('what cannot be read, as on a bad disk, or never ends is a finding of its log, and the others are verified', async () => {
    for (const name of ['000000000000.log', 'checkpoint', 'verifier'])
      for (const instead of ['folder', 'pipe'])
        await withDataDir(async (dataDir) => {
          await writeLog(dataDir)
          const bad = join(dataDir, 'audit', 'node1-bad')
          cpSync(join(dataDir, 'audit', 'node1-main'), bad, { recursive: true })
          rmSync(join(bad, name))
          if (instead === 'folder') mkdirSync(join(bad, name))
          else execFileSync('mkfifo', [join(bad, name)])
          const results = await verifyAll(dataDir)
          expect(results.get('node1/main')).toMatchObject({ ok: true })
          expect(results.get('node1/bad')).toMatchObject({ ok: false, problem: expect.stringMatching(/cannot be read/) })
        })
  })

  test('an empty directory is an empty log', async () => {
    await withDataDir(async (dataDir) => {
      const { trail, directory } = await openHeldTrail(dataDir)
      await trail.close()
      for (const name of readdirSync(directory)) rmSync(join(directory, name))
      expect(await verifyLog(directory)).toEqual({
        ok: true,
        log: '',
        records: 0,
        firstIndex: 0,
        lastIndex: -1,
        head: 'A'.repeat(43),
        root: createHash('sha256').digest('base64'),
        unfinished: 0,
        tornTail: false,
      })
    })
  })

  describe('a line that somebody made up, every hash of it right', () => {
    /** The result for a log of a header with these members changed and one record of this entry. */
    async function madeUp(change: object, entry: string) {
      return withDataDir(async (dataDir) => {
        const held = await openHeldTrail(dataDir)
        await held.trail.close()
        const [path = ''] = segmentsOf(held.directory)
        const { s } = JSON.parse(readFileSync(path, 'latin1')) as { s: SegmentHeader }
        const header = headerLine({ ...s, ...change })
        writeFileSync(path, header.text + recordLine(header.hash, 0, 0, entry).text)
        return (await verifyAll(dataDir)).get('node1/main')
      })
    }
    const odd = '{"toString":1,"valueOf":1}'

    test('is named where two readers of it would read two entries, or none', async () => {
      for (const entry of ['{"v":1,"type":"operation"},"e":{"v":1}', '{"v":1,}'])
        expect(await madeUp({}, entry)).toMatchObject({ ok: false, badIndex: 0, line: 2, problem: expect.stringMatching(/no entry/) })
    })

    test('is named where a member stands in it twice, in an entry or a header: two readers would find two values', async () => {
      for (const members of ['"from":"A","from":"B"', '"from":"A","fr\\u006fm":"B"'])
        expect(await madeUp({}, `{"v":1,"type":"forwarding","request":{${members}}}`)).toMatchObject({
          ...{ ok: false, badIndex: 0, line: 2 },
          problem: expect.stringMatching(/twice/),
        })
      await withDataDir(async (dataDir) => {
        const held = await openHeldTrail(dataDir)
        await held.trail.close()
        const [path = ''] = segmentsOf(held.directory)
        const { s } = JSON.parse(readFileSync(path, 'latin1')) as { s: SegmentHeader }
        const json = JSON.stringify(s).replace('"at":', '"at":1,"at":')
        const digest = createHash('sha256').update(`ssp-audit-segment-1\n${s.prev}\n${json}`).digest('base64url')
        writeFileSync(path, `{"h":"${digest}","s":${json}}\n`)
        expect(await verifyLog(held.directory)).toMatchObject({ ok: false, line: 1, problem: expect.stringMatching(/twice/) })
      })
    })

    test('keeps nobody from verifying: what should be a text, and is none, is no exception', async () => {
      for (const type of ['forwarding', 'outcome']) {
        const entry = (exchange: string) => `{"v":1,"type":"${type}","exchange":${exchange}}`
        expect(await madeUp({}, entry(odd))).toMatchObject({ ok: true, records: 1, unfinished: 0 })
        expect(await madeUp({}, entry('['.repeat(20_000) + ']'.repeat(20_000)))).toMatchObject({ ok: false, badIndex: 0 })
      }
      expect(await madeUp({ first: 1, tree: [JSON.parse(odd)] }, '{}')).toMatchObject({
        ok: false,
        problem: expect.stringMatching(/no tree/),
      })
      const { problem } = (await madeUp({ format: 'x'.repeat(100_000) }, '{}')) as { problem: string }
      expect(problem.length).toBeLessThan(100)
    })
  })

  test('whatever single byte is changed, the change shows', async () => {
    await withDataDir(async (dataDir) => {
      const directory = await writeLog(dataDir)
      const whole = await verifyLog(directory)
      if (!whole.ok) throw new Error(whole.problem)
      const path = segmentsOf(directory).at(-1) ?? ''
      const bytes = readFileSync(path)
      await fc.assert(
        fc.asyncProperty(fc.nat(bytes.length - 1), fc.integer({ min: 1, max: 255 }), async (at, flip) => {
          writeFileSync(path, bytes.with(at, (bytes[at] ?? 0) ^ flip))
          const result = await verifyLog(directory)
          if (result.ok) expect(result.tornTail).toBe(true)
          expect(await verifyLog(directory, { head: { index: whole.lastIndex, hash: whole.head } })).toMatchObject({ ok: false })
        }),
        { numRuns: 300 },
      )
    })
  })

  test('arbitrary bytes are a finding, never an exception', async () => {
    const pieces = fc.array(
      fc.oneof(
        fc.uint8Array({ maxLength: 300 }),
        fc
          .constantFrom('{"h":"', '","s":{"format":1}}\n', 'A'.repeat(43), '{"i":0,"g":0,"h":"', '","e":{}}\n', '{', '}', '\n', '\0')
          .map((text) => Buffer.from(text)),
      ),
    )
    await fc.assert(
      fc.asyncProperty(pieces, async (chunks) => {
        async function* source(): AsyncGenerator<Uint8Array> {
          yield* chunks
        }
        const reading = await readSegment(
          source(),
          undefined,
          () => {},
          () => {},
        )
        expect(reading.torn || reading.fault !== undefined).toBe(true)
      }),
      { numRuns: 500 },
    )
  })
})
