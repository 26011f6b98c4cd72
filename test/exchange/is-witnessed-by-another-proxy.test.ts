import { cp, mkdir, readFile, writeFile } from 'node:fs/promises'
import { request } from 'node:https'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { text as readText } from 'node:stream/consumers'
import { createServer } from 'node:tls'
import { auditSettings } from '../../src/audit/audit-settings.ts'
import { openAuditTrail } from '../../src/audit/trail.ts'
import { askWitness } from '../../src/audit/witness/ask-witness.ts'
import { readCosigner } from '../../src/audit/witness/cosignature.ts'
import { cosignedPath, readCosigned } from '../../src/audit/witness/cosigned-file.ts'
import { postSubmission } from '../../src/audit/witness/witness-client.ts'
import { systemClock } from '../../src/lib/clock.ts'
import { call } from '../support/consumer.ts'
import { operatorsPage } from '../support/operators-page.ts'
import { reloadWith } from '../support/reload-with.ts'
import { runSsp } from '../support/run-ssp.ts'
import { startWorld, type World } from '../support/start-world.ts'
import { until } from '../support/until.ts'

let log: World
let witness: World
let verifier: string
const data = () => join(log.directory, 'data')
const directory = () => join(data(), 'audit', 'test-main')
const key = () => {
  const read = readCosigner(verifier)
  if (read === undefined) throw new Error(`no witness: ${verifier}`)
  return read
}
const place = () => ({
  url: `https://localhost:${witness.proxy.opsPort}/witness`,
  verifier: key(),
  anchors: [log.certificates.authority.certificatePem],
  timeoutMs: 30_000,
})
const cosignedSize = () => readCosigned(directory(), 'test/main', key())?.size ?? 0

/** A body as it comes to the witness's port, without a certificate. */
const post = (body: string, headers: Readonly<Record<string, string>> = {}) =>
  new Promise<{ readonly status: number | undefined; readonly type: string | undefined; readonly body: string }>((resolve, reject) => {
    const sent = request(
      {
        host: '127.0.0.1',
        port: witness.proxy.opsPort,
        servername: 'localhost',
        ca: log.certificates.authority.certificatePem,
        path: '/witness/add-checkpoint',
        method: 'POST',
        agent: false,
        headers,
      },
      (response) =>
        readText(response).then(
          (answer) => resolve({ status: response.statusCode, type: response.headers['content-type'], body: answer }),
          reject,
        ),
    )
    sent.on('error', reject)
    sent.end(body)
  })

beforeAll(async () => {
  const worlds = await Promise.all([startWorld(), startWorld()])
  ;[log, witness] = worlds
  expect((await call(log)).status).toBe(200)
  const logKey = await until('the log’s key', () => readFile(join(directory(), 'verifier'), 'utf8').catch(() => undefined))
  expect(await operatorsPage(witness, '/witness')).toContain('no witness')
  await reloadWith(witness, { witness: { name: 'witness.example.org/ssp', logs: [logKey.trim()] } })
  verifier = (JSON.parse(await operatorsPage(witness, '/witness')) as { verifier: string }).verifier
  const { url } = place()
  await reloadWith(log, { audit: { witnesses: [{ url, verifier, anchors: ['ca.pem'], everySeconds: 1, timeoutMs: 30_000 }] } })
})
afterAll(() => Promise.all([log?.close(), witness?.close()]))

test('R6: its checkpoints are cosigned as it grows, and an auditor who knows the witness’s key holds the log to them', async () => {
  const first = await until('the first cosignature', cosignedSize)
  expect((await call(log)).status).toBe(200)
  await until('a cosignature of what has come since', () => cosignedSize() > first)
  const verified = await runSsp(['audit', 'verify', '--data', data(), '--witness', verifier])
  expect(verified).toMatchObject({ code: 0, error: '' })
  expect(verified.out).toMatch(/^test\/main {2}cosigned by witness\.example\.org\/ssp {2}\d+ records, 20/m)
  const behind = await post(`old 0\n\n${await readFile(join(directory(), 'checkpoint'), 'utf8')}`)
  expect(behind).toMatchObject({ status: 409, type: 'text/x.tlog.size', body: expect.stringMatching(/^\d+\n$/) })
  const page = await operatorsPage(log, '/metrics')
  expect(page).toMatch(/^ssp_witness_cosigned_records\{log="test\/main",witness="witness\.example\.org\/ssp"\} [1-9]/m)
  expect(await operatorsPage(witness, '/metrics')).toMatch(/^ssp_witness_submissions_total\{outcome="cosigned"\} [1-9]/m)
  expect(JSON.parse(await operatorsPage(witness, '/witness'))).toMatchObject({ logs: [{ origin: 'test/main' }] })
})

test('a log that was cut back, or written anew by whoever has its keys, is told by what the witness knows', async () => {
  const early = join(log.directory, 'early')
  await until('a cosignature', cosignedSize)
  await cp(data(), early, { recursive: true, filter: (path) => !path.endsWith('.sock') })
  const copied = join(early, 'audit', 'test-main')
  const before = Number((await readFile(join(copied, 'checkpoint'), 'utf8')).split('\n')[1])
  expect((await call(log)).status).toBe(200)
  await until('a later cosignature', () => cosignedSize() > before)

  // A copy of before, put in the log's place.
  await expect(askWitness({ log: 'test/main', directory: copied, witness: place(), afresh: true })).rejects.toMatchObject({
    reason: 'contradicted',
    message: expect.stringContaining('cut back'),
  })

  // The same keys, other records, and more of them.
  const forged = join(log.directory, 'forged')
  await mkdir(forged, { mode: 0o700 })
  await cp(join(data(), 'keys'), join(forged, 'keys'), { recursive: true })
  const trail = await openAuditTrail(auditSettings.parse({ node: 'test' }), forged, { clock: systemClock })
  const size = cosignedSize() + 5
  for (let n = 0; n < size; n += 1)
    await trail.operation({ v: 1, type: 'operation', at: Date.now(), actor: 'process', act: 'start', detail: { version: `forged ${n}` } })
  await trail.close()
  const anew = join(forged, 'audit', 'test-main')
  await expect(askWitness({ log: 'test/main', directory: anew, witness: place(), afresh: false })).rejects.toMatchObject({
    reason: 'contradicted',
    message: expect.stringContaining('not the beginning'),
  })

  // Whoever puts the forged log in place of the true one leaves what was cosigned, or leaves nothing that is.
  const without = await runSsp(['audit', 'verify', '--data', forged, '--witness', verifier])
  expect(without.code).toBe(1)
  expect(without.out).toContain('NOT COSIGNED by witness.example.org/ssp')
  const cosigned = await readFile(cosignedPath(directory(), key()), 'utf8')
  // That of another log proves nothing of this one.
  await writeFile(cosignedPath(anew, key()), cosigned.replace('test/main', 'test/other'), { mode: 0o600 })
  expect((await runSsp(['audit', 'verify', '--data', forged, '--witness', verifier])).out).toContain('NOT COSIGNED')
  await writeFile(cosignedPath(anew, key()), cosigned, { mode: 0o600 })
  const against = await runSsp(['audit', 'verify', '--data', forged, '--witness', verifier])
  expect(against.code).toBe(1)
  expect(against.out).toMatch(/BROKEN .* are not all those that the checkpoint of \d+ records was signed for/)
})

test('a witness that answers no more stops no call; it is told in readiness and metrics', async () => {
  await reloadWith(witness, { witness: { name: 'witness.example.org/ssp', logs: [] } })
  expect((await call(log)).status).toBe(200)
  await until('it is told', async () =>
    (await operatorsPage(log, '/readyz?verbose')).includes('witness.example.org/ssp does not cosign test/main: refused'),
  )
  expect(await operatorsPage(log, '/metrics')).toMatch(
    /^ssp_witness_failures_total\{witness="witness\.example\.org\/ssp",reason="refused"\} [1-9]/m,
  )
  expect((await call(log)).status).toBe(200)
})

test('evidence of a log that is not there is not passed over', async () => {
  const nothing = join(log.directory, 'nothing')
  await mkdir(join(nothing, 'audit'), { recursive: true, mode: 0o700 })
  expect(await runSsp(['audit', 'verify', '--data', nothing, '--witness', verifier])).toMatchObject({ code: 1 })
  const logKey = (await readFile(join(directory(), 'verifier'), 'utf8')).trim()
  const without = await runSsp(['audit', 'verify', '--data', join(log.directory, 'early'), '--key', logKey.replace('test/main', 'test/w1')])
  expect(without.code).not.toBe(0)
})

test('a witness that changes to another protocol, or ends without an answer, is one that is not to be had', async () => {
  const { server } = log.certificates
  for (const said of [
    'HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: Upgrade\r\n\r\n',
    '',
    'HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n',
  ]) {
    const odd = createServer({ cert: server.chainPem, key: server.keyPem }, (socket) => socket.once('data', () => socket.end(said)))
    await new Promise<void>((listening) => odd.listen(0, '127.0.0.1', listening))
    const { port } = odd.address() as AddressInfo
    const asked = postSubmission({ ...place(), url: `https://localhost:${port}` }, 'old 0\n\n')
    try {
      await expect(asked).rejects.toMatchObject({ message: expect.any(String) })
    } finally {
      odd.close()
    }
  }
})

test('the port of a witness takes a body of its size and no more, without a certificate', async () => {
  expect(await post(`old 0\n\n${await readFile(join(directory(), 'checkpoint'), 'utf8')}`)).toMatchObject({ status: 404 })
  expect(await post('nothing')).toMatchObject({ status: 400, body: expect.stringContaining('C2SP tlog-witness') })
  expect(await post('x'.repeat(20_000))).toMatchObject({ status: 413 })
  expect(await post('', { 'Content-Type': 'application/json' })).toMatchObject({ status: 400 })
  expect(await operatorsPage(log, '/witness')).toContain('no witness')
})
