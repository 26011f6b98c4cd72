import { createHash } from 'node:crypto'
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { type Answer, call } from '../support/consumer.ts'
import { type NginxProvider, startNginx } from '../support/nginx-provider.ts'
import { whereInstalled } from '../support/outside-program.ts'
import { realData } from '../support/real-data.ts'
import { startWorld, type World, world } from '../support/start-world.ts'
import { until } from '../support/until.ts'
import { whereMet } from '../support/where-met.ts'

const real = realData('fhir/structured-record.stu3.json')
const gpConnect = 'urn:nhs:names:services:gpconnect:fhir'

/** As large as the real record, and as repetitive. */
function generatedRecord(): Buffer {
  const entry = (at: number) => ({ resource: { resourceType: 'Observation', id: String(at), valueString: `Größe ${Math.sin(at)}` } })
  const text = JSON.stringify({ resourceType: 'Bundle', type: 'collection', entry: Array.from({ length: 7_000 }, (_, at) => entry(at)) })
  return Buffer.from(text)
}

whereMet(
  'needs SSP_TEST_DATA with fhir/structured-record.stu3.json: a generated record stands in for the real one',
  real !== undefined,
  'input',
  () => undefined,
)

whereInstalled('nginx', (nginx) => {
  let provider: NginxProvider
  let here: World
  let record: Buffer
  const zipped = () => gzipSync(record)
  beforeAll(async () => {
    record = real === undefined ? generatedRecord() : await readFile(real)
    provider = await startNginx(nginx)
    const folder = join(provider.files, 'T99999/STU3/1/Patient')
    await mkdir(folder, { recursive: true })
    await writeFile(join(folder, 'length'), record)
    await writeFile(join(folder, 'length.gz'), zipped())
    await writeFile(join(folder, 'chunks'), record)
    here = await startWorld({ providerPort: provider.port })
  })
  afterAll(async () => {
    await here.close()
    await provider.close()
  })

  async function readRecord(id: string, encoding: string): Promise<Answer> {
    const url = `${world.root}/Patient/${id}`
    const answer = await call(here, { interaction: `${gpConnect}:rest:read:patient-1`, url, headers: { 'Accept-Encoding': encoding } })
    expect([answer.status, answer.verdict.origin]).toEqual([200, 'none'])
    return answer
  }
  const sha256 = (bytes: Buffer) => createHash('sha256').update(bytes).digest('hex')

  test('it comes byte for byte, with its Content-Length, its ETag and its digest in the audit', async () => {
    const answer = await readRecord('length', 'identity')
    expect(answer.headers).toMatchObject({ 'content-length': String(record.length), etag: expect.stringMatching(/^"/) })
    expect(answer.body.equals(record)).toBe(true)
    const { exchange } = answer
    const outcome = await until('it is recorded', () =>
      here.audit().find((entry) => entry.type === 'outcome' && entry.exchange === exchange),
    )
    expect(outcome).toMatchObject({ end: 'complete', responseBytes: record.length, personal: { responseSha256: sha256(record) } })
  })

  test('it comes byte for byte in chunks', async () => {
    const answer = await readRecord('chunks', 'identity')
    expect([answer.headers['transfer-encoding'], answer.headers['content-length']]).toEqual(['chunked', undefined])
    expect(answer.body.equals(record)).toBe(true)
  })

  test('it comes as it was compressed beforehand, byte for byte', async () => {
    const answer = await readRecord('length', 'gzip')
    expect([answer.headers['content-encoding'], answer.headers['content-length']]).toEqual(['gzip', String(zipped().length)])
    expect(answer.body.equals(zipped())).toBe(true)
  })

  test('it comes as it is compressed on the way, in chunks, and not compressed again', async () => {
    const answer = await readRecord('chunks', 'gzip')
    expect([answer.headers['content-encoding'], answer.headers['transfer-encoding']]).toEqual(['gzip', 'chunked'])
    const unzipped = new Response(new Blob([new Uint8Array(answer.body)]).stream().pipeThrough(new DecompressionStream('gzip')))
    expect(Buffer.from(await unzipped.arrayBuffer()).equals(record)).toBe(true)
  })

  test.each([
    ['with its Content-Length', () => record, {}],
    ['in chunks', () => record, { 'Transfer-Encoding': 'chunked' }],
    ['compressed', zipped, { 'Content-Encoding': 'gzip' }],
  ])('it goes up byte for byte %s', async (_how, bytes, headers) => {
    const id = 'uploaded'
    const url = `${world.root}/Appointment/${id}`
    const answer = await call(here, {
      method: 'PUT',
      interaction: `${gpConnect}:rest:update:appointment-1`,
      url,
      headers: { 'If-Match': 'W/"1"', ...headers },
      body: bytes(),
    })
    expect([201, 204]).toContain(answer.status)
    expect((await readFile(join(provider.files, 'T99999/STU3/1/Appointment', id))).equals(bytes())).toBe(true)
  })
})
