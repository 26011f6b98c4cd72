import { execFileSync } from 'node:child_process'
import { mkdtemp, open, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { readTextFile } from '../../../src/app/read-text-file.ts'
import { readTlsClient } from '../../../src/app/read-tls-client.ts'

let directory: string
let pipe: string
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'text-file-'))
  pipe = join(directory, 'pipe')
  execFileSync('mkfifo', [pipe])
})
afterEach(() => rm(directory, { recursive: true }))

const waitsInVain = { fault: expect.stringMatching(/^is a pipe or device that came to no end within 30 ms/) }

test('a pipe into which nobody writes is waited for no longer than is said', async () => {
  expect(await readTextFile(pipe, 30)).toEqual(waitsInVain)
})

test('a pipe is read to its end, whenever its writer comes', async () => {
  const read = readTextFile(pipe, 10_000)
  const writer = await open(pipe, 'r+')
  await writer.write('listener: {}')
  await writer.close()
  expect(await read).toEqual({ text: 'listener: {}' })
})

test('of a pipe whose writer does not end, what has come is not taken for the whole', async () => {
  const writer = await open(pipe, 'r+')
  await writer.write('listener: {}')
  expect(await readTextFile(pipe, 30)).toEqual(waitsInVain)
  await writer.close()
})

test('a device without a byte is an empty text', async () => {
  expect(await readTextFile('/dev/null', 30)).toEqual({ text: '' })
})

test('a pipe in the place of a file for the TLS to Redis, PostgreSQL or a witness is refused, and holds nothing up', () => {
  expect(() => readTlsClient({ anchors: ['pipe'] }, directory)).toThrow('it is no ordinary file')
})
