import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { consistencyProof, emptyTree, grown, inclusionProof, leafHash, rangesOf, rootOf } from '../../../../src/audit/merkle-tree.ts'
import { TileEdge } from '../../../../src/audit/tiles/tile-edge.ts'
import { tilePath } from '../../../../src/audit/tiles/tile-path.ts'
import { BadTile, tiledRanges } from '../../../../src/audit/tiles/tile-proofs.ts'
import { writeTile } from '../../../../src/audit/tiles/write-tile.ts'
import { sampleOperation } from '../../../support/audit-entries.ts'
import { segmentsOf, withDataDir } from '../../../support/audit-log-text.ts'
import { openHeldTrail } from '../../../support/audit-trail-held.ts'
import { runSsp } from '../../../support/run-ssp.ts'

test('paths are those of the specification', () => {
  expect(tilePath({ level: 0, index: 0, width: 256 })).toBe('tile/0/000')
  expect(tilePath({ level: 1, index: 5, width: 17 })).toBe('tile/1/005.p/17')
  expect(tilePath({ level: 0, index: 1000, width: 256 })).toBe('tile/0/x001/000')
  expect(tilePath({ level: 3, index: 1_234_067, width: 8 })).toBe('tile/3/x001/x234/067.p/8')
})

describe('a tree of three levels of tiles', () => {
  const size = 66_000
  const leaves = Array.from({ length: size }, (_, n) => leafHash(`record ${n}`))
  const roots = rangesOf((index) => leaves[index] as Buffer)
  const tree = grown(emptyTree, leaves)
  const directory = mkdtempSync(join(tmpdir(), 'ssp-tiles-'))
  afterAll(() => rmSync(directory, { recursive: true }))
  beforeAll(async () => {
    const edge = new TileEdge()
    for (const leaf of leaves) for (const one of edge.push(leaf)) await writeTile(directory, one)
    for (const one of edge.partials) await writeTile(directory, one)
    expect(edge.tree).toEqual(tree)
  })

  function tiled(): NonNullable<ReturnType<typeof tiledRanges>> {
    const found = tiledRanges(directory, size, rootOf(tree))
    if (found === undefined) throw new Error('the edge is not there')
    return found
  }

  test('gives the same proofs as all its leaves, to any size', () => {
    for (const [index, to] of [
      [0, 1],
      [0, size],
      [65_535, 65_536],
      [65_536, size],
      [size - 1, size],
      [300, 66_000],
      [12_345, 54_321],
      [256, 257],
    ] as const) {
      const ranges = tiled()
      expect(inclusionProof(ranges, index, to)).toEqual(inclusionProof(roots, index, to))
      expect(ranges(index, index + 1)).toEqual(leaves[index])
      expect(consistencyProof(ranges, index + 1, to)).toEqual(consistencyProof(roots, index + 1, to))
    }
  })

  test.each([
    { what: 'a leaf', file: 'tile/0/007', index: 1800 },
    { what: 'a hash of the middle level', file: 'tile/1/000', index: 1800 },
  ])('believes no tile in which $what was changed, nor one that is gone', ({ file, index }) => {
    const path = join(directory, file)
    const bytes = readFileSync(path)
    writeFileSync(path, bytes.with(7 * 32, (bytes[7 * 32] ?? 0) ^ 1))
    expect(() => inclusionProof(tiled(), index, size)).toThrow(BadTile)
    rmSync(path)
    expect(() => inclusionProof(tiled(), index, size)).toThrow(/is missing/)
    writeFileSync(path, bytes)
    expect(inclusionProof(tiled(), index, size)).toEqual(inclusionProof(roots, index, size))
  })

  test('leads to no other root than the one that is asked for', () => {
    expect(tiledRanges(directory, size, leafHash('other'))).toBeUndefined()
    expect(tiledRanges(directory, size - 1, rootOf(tree))).toBeUndefined()
  })
})

describe('ssp audit prove and retile', () => {
  test('proves from the tiles, without the records; and from the records where a tile is wrong or none is there', async () => {
    await withDataDir(async (dataDir) => {
      const { trail, directory } = await openHeldTrail(dataDir)
      await Promise.all(Array.from({ length: 700 }, (_, n) => trail.operation(sampleOperation(`act-${n}`))))
      await trail.close()
      const asked = [
        ['--index', '300'],
        ['--index', '17', '--size', '600'],
        ['--from', '512'],
      ]
      const proofs = async () => {
        const runs = await Promise.all(asked.map((args) => runSsp(['audit', 'prove', '--data', dataDir, '--log', 'node1/main', ...args])))
        expect(runs.map(({ error }) => error)).toEqual(['', '', ''])
        return runs.map(({ out }) => JSON.parse(out) as unknown)
      }
      const [segment = ''] = segmentsOf(directory)
      const text = readFileSync(segment)
      const tile = join(directory, 'tile/0/001')
      rmSync(segment)
      const fromTiles = await proofs()
      expect(fromTiles).toMatchObject([{ index: 300, size: 700 }, { size: 600 }, { from: 512, size: 700 }])
      writeFileSync(segment, text)
      writeFileSync(tile, Buffer.alloc(8192))
      expect(await proofs()).toEqual(fromTiles)
      expect(await runSsp(['audit', 'retile', '--data', dataDir])).toMatchObject({
        code: 0,
        out: 'node1-main  700 records, 1 tiles made\n',
      })
      rmSync(segment)
      expect(await proofs()).toEqual(fromTiles)
      writeFileSync(segment, text)
      rmSync(join(directory, 'tile'), { recursive: true })
      expect(await proofs()).toEqual(fromTiles)
      rmSync(join(dataDir, 'audit'), { recursive: true })
      expect(await runSsp(['audit', 'retile', '--data', dataDir])).toMatchObject({
        code: 1,
        error: expect.stringMatching(/cannot be read/),
      })
    })
  })
})
