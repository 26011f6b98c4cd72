import { existsSync, globSync, mkdirSync, readFileSync, statSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { mendTiles } from '../../../../src/audit/tiles/mend-tiles.ts'
import { verifyAll } from '../../../../src/audit/verify.ts'
import { sampleOperation } from '../../../support/audit-entries.ts'
import { withDataDir } from '../../../support/audit-log-text.ts'
import { type HeldTrail, openHeldTrail, until } from '../../../support/audit-trail-held.ts'

const result = async (dataDir: string) => (await verifyAll(dataDir)).get('node1/main')
const aside = 'tile-contradicting'

async function record({ trail }: HeldTrail, count: number): Promise<void> {
  await Promise.all(Array.from({ length: count }, (_, n) => trail.operation(sampleOperation(`act-${n}`))))
}

/** An open log of 50 records with the partial tiles of the widths 20, 35 and 50. */
async function threeWidths(dataDir: string): Promise<HeldTrail> {
  const held = await openHeldTrail(dataDir)
  for (const [count, width] of [
    [20, 20],
    [15, 35],
    [15, 50],
  ]) {
    await record(held, count ?? 0)
    held.second()
    await until(() => existsSync(join(held.directory, 'checkpoint')) && existsSync(join(held.directory, `tile/0/000.p/${width}`)))
  }
  return held
}

/** Changes one bit of the file, and returns what it then holds. */
function flip(path: string): Buffer {
  const bytes = readFileSync(path)
  bytes[17] = (bytes[17] ?? 0) ^ 1
  writeFileSync(path, bytes)
  return bytes
}

const keptIn = (directory: string) =>
  globSync(`${aside}/**/[0-9]*`, { cwd: directory }).filter((path) => statSync(join(directory, path)).isFile())

describe('R6: a tile that contradicts the log is evidence', () => {
  test.each([
    { width: 20, records: '0 to 19' },
    { width: 50, records: '0 to 49' },
  ])('retiling makes the partial tile of $width hashes anew and keeps the wrong one aside', async ({ width, records }) => {
    await withDataDir(async (dataDir) => {
      const { directory, trail } = await threeWidths(dataDir)
      await trail.close()
      const wrong = flip(join(directory, `tile/0/000.p/${width}`))
      expect(await result(dataDir)).toMatchObject({ ok: false, problem: expect.stringContaining(records) })
      expect(await mendTiles({ directory, all: true })).toEqual({ records: 50, made: 1 })
      expect(await result(dataDir)).toMatchObject({ ok: true })
      expect(keptIn(directory)).toEqual([`${aside}/0/000.p/${width}`])
      expect(readFileSync(join(directory, aside, `0/000.p/${width}`))).toEqual(wrong)
    })
  })

  test('one wider than the log that does not begin as the log does is named, and kept aside; one that does may be newer, and stays', async () => {
    await withDataDir(async (dataDir) => {
      const { directory, trail } = await threeWidths(dataDir)
      await trail.close()
      const right = Buffer.concat([readFileSync(join(directory, 'tile/0/000.p/50')), Buffer.alloc(320)])
      writeFileSync(join(directory, 'tile/0/000.p/60'), right)
      expect(await result(dataDir)).toMatchObject({ ok: true })
      writeFileSync(join(directory, 'tile/0/000.p/70'), Buffer.alloc(70 * 32))
      expect(await result(dataDir)).toMatchObject({ ok: false, file: join(directory, 'tile/0/000.p/70') })
      expect(await mendTiles({ directory, all: true })).toEqual({ records: 50, made: 0 })
      expect(await result(dataDir)).toMatchObject({ ok: true })
      expect(keptIn(directory)).toEqual([`${aside}/0/000.p/70`])
      expect(readFileSync(join(directory, 'tile/0/000.p/60'))).toEqual(right)
    })
  })

  test('a start keeps the one at the edge, and the full tile those that it takes the place of; each version of it', async () => {
    await withDataDir(async (dataDir) => {
      const first = await threeWidths(dataDir)
      const { directory } = first
      await first.trail.close()
      const edge = flip(join(directory, 'tile/0/000.p/50'))
      const held = await openHeldTrail(dataDir)
      await record(held, 1)
      // Its own tile is there only once those of before are right again.
      await until(() => {
        held.second()
        return existsSync(join(directory, 'tile/0/000.p/51'))
      })
      const again = flip(join(directory, 'tile/0/000.p/50')).fill(1)
      writeFileSync(join(directory, 'tile/0/000.p/50'), again)
      const other = flip(join(directory, 'tile/0/000.p/35'))
      await record(held, 249)
      await until(() => {
        held.second()
        return existsSync(join(directory, 'tile/0/000')) && !existsSync(join(directory, 'tile/0/000.p'))
      })
      await held.trail.close()
      expect(keptIn(directory).sort()).toEqual(['35', '50', '50-2'].map((name) => `${aside}/0/000.p/${name}`))
      for (const [name, bytes] of [
        ['35', other],
        ['50', edge],
        ['50-2', again],
      ] as const)
        expect(readFileSync(join(directory, aside, '0/000.p', name))).toEqual(bytes)
      expect(await result(dataDir)).toMatchObject({ ok: true, records: 300 })
    })
  })

  test('what a power cut left of one is none', async () => {
    await withDataDir(async (dataDir) => {
      const { directory, trail } = await threeWidths(dataDir)
      await trail.close()
      const path = join(directory, 'tile/0/000.p/20')
      const bytes = readFileSync(path)
      writeFileSync(path, bytes.subarray(0, 40))
      writeFileSync(join(directory, 'tile/0/000.p/50'), '')
      expect(await mendTiles({ directory, all: true })).toEqual({ records: 50, made: 2 })
      expect(readFileSync(path)).toEqual(bytes)
      expect(existsSync(join(directory, aside))).toBe(false)
    })
  })
})

test('R6: a link in the place of a draft is never written through, by retiling or for a checkpoint', async () => {
  await withDataDir(async (dataDir) => {
    const { directory, trail } = await threeWidths(dataDir)
    await trail.close()
    const outside = join(dataDir, '..', 'outside')
    writeFileSync(outside, 'untouched', { mode: 0o600 })
    flip(join(directory, 'tile/0/000.p/50'))
    mkdirSync(join(directory, 'tile/0'), { recursive: true })
    for (const path of ['tile/0/000.p/50', 'checkpoint']) symlinkSync(outside, join(directory, `${path}.new`))
    expect(await mendTiles({ directory, all: true })).toEqual({ records: 50, made: 1 })
    const held = await openHeldTrail(dataDir)
    await record(held, 1)
    await held.trail.close()
    expect(readFileSync(outside, 'utf8')).toBe('untouched')
    expect(await result(dataDir)).toMatchObject({ ok: true, records: 51 })
  })
})
