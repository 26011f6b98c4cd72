import { createHash } from 'node:crypto'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { readLines } from '../../../src/registry/text-lines.ts'
import { UnreadableFile } from '../../../src/registry/unreadable-file.ts'

describe('the lines of a file', () => {
  let folder: string
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'lines-'))
  })
  afterAll(() => rm(folder, { recursive: true }))

  async function linesOf(content: string | Buffer): Promise<{ lines: string[]; numbers: number[]; sha: string }> {
    const path = join(folder, 'file')
    await writeFile(path, content)
    const digest = createHash('sha256')
    const lines: string[] = []
    const numbers: number[] = []
    await readLines({ path, name: 'file', digest }, (line, number) => {
      lines.push(line)
      numbers.push(number)
    })
    return { lines, numbers, sha: digest.digest('hex') }
  }

  test('come without their ends, whichever those are, and without a byte-order mark', async () => {
    expect((await linesOf('\ufeffa\r\nb\n\nc')).lines).toEqual(['a', 'b', '', 'c'])
    expect((await linesOf('')).lines).toEqual([])
    expect((await linesOf('a\n')).lines).toEqual(['a'])
  })

  test('are whole where a chunk ends inside of one, and the digest is of every byte', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.tuple(fc.stringMatching(/^[a-zé€😀]{0,9}$/u), fc.nat({ max: 90_000 })), { maxLength: 12 }),
        async (parts) => {
          const expected = parts.map(([text, times]) => text.repeat(times))
          const content = expected.map((line) => `${line}\n`).join('')
          const { lines, numbers, sha } = await linesOf(content)
          expect(lines).toEqual(expected)
          expect(numbers).toEqual(expected.map((_, n) => n + 1))
          expect(sha).toBe(createHash('sha256').update(content).digest('hex'))
        },
      ),
      { numRuns: 20 },
    )
  })

  test('are refused when one is longer than 4 MB', async () => {
    await expect(linesOf(`a\n${'x'.repeat(5_000_000)}`)).rejects.toMatchObject({
      place: 'file:2',
      message: expect.stringContaining('4 MB'),
    })
  })

  test('of a file that is missing are refused in words', async () => {
    const reading = readLines({ path: join(folder, 'none'), name: 'none', digest: createHash('sha256') }, () => undefined)
    await expect(reading).rejects.toThrow(UnreadableFile)
    await expect(readLines({ path: folder, name: 'dir', digest: createHash('sha256') }, () => undefined)).rejects.toThrow('is a directory')
  })

  test('that are not UTF-8 arrive with replacement characters', async () => {
    expect((await linesOf(Buffer.from([0x61, 0xff, 0x0a]))).lines).toEqual(['a\ufffd'])
  })
})
