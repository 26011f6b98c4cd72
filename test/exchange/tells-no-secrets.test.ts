import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { draftEnding } from '../../src/lib/replace-file.ts'
import { callControl } from '../../src/ops/control-client.ts'
import { type Answer, type Call, call, tokenFor } from '../support/consumer.ts'
import { type ExpectedRefusal, everyRefusalRecorded, expectRefusal, forwardedRecords, refusedRecord } from '../support/expect-refusal.ts'
import { plainAnswer, type ScriptedWorld, startScriptedWorld } from '../support/scripted-provider.ts'
import { startWorld, type World, world } from '../support/start-world.ts'
import { startWorldProcess, type WorldProcess } from '../support/start-world-process.ts'
import { until } from '../support/until.ts'

const badRequest: ExpectedRefusal = {
  status: 400,
  rule: 'request-form',
  origin: 'consumer',
  code: 'BAD_REQUEST',
  issue: 'invalid',
  text: 'BAD_REQUEST',
}
const unbound: ExpectedRefusal = {
  status: 495,
  rule: 'identity-binding',
  origin: 'consumer',
  code: 'BAD_CERTIFICATE',
  issue: 'forbidden',
  text: 'ACCESS_DENIED_SSL',
  closes: true,
}

/** What a caller can see of an answer but for ids and times. */
function seen({ status, body, rawHeaders }: Answer): string {
  const outcome = { ...(JSON.parse(body.toString()) as object), id: '' }
  const hidden = new Set(['Date', 'Server-Timing'])
  const headers = rawHeaders.flatMap((name, at) =>
    at % 2 > 0 ? [] : hidden.has(name) ? [name] : [`${name}: ${rawHeaders[at + 1]?.replace(/[0-9a-f]{32}/, '')}`],
  )
  return JSON.stringify([status, outcome, headers])
}

describe('O4: with a good certificate and the Ssp-From of another nothing is learnt of that other', () => {
  const [lockedOut, setAside, barred, pinned] = ['200000000381', '200000000382', '200000000383', '200000000384']
  let here: World
  beforeAll(async () => {
    const party = { odsCode: 'T33333', partyKey: 'T33333-3333333', interactions: [world.searchPatient] }
    here = await startWorld({
      settings: { ...everyRefusalRecorded, registry: { pins: { [pinned]: ['0'.repeat(64)] } } },
      systems: [
        ...[lockedOut, pinned, setAside].map((asid) => ({ asid, ...party })),
        { asid: setAside, ...party, odsCode: 'T22222' },
        { asid: barred, ...party, interactions: [] },
      ],
    })
    const made = await callControl(here.proxy.socketPath, 'POST', '/lockouts', { asid: lockedOut, reason: 'key stolen' })
    expect(made.status).toBe(201)
  })
  afterAll(() => here.close())

  test.each<readonly [string, Call]>([
    ['it is registered', { headers: { 'Ssp-From': world.stranger.asid } }],
    ['it is nobody', { headers: { 'Ssp-From': '999999999999' } }],
    ['it is locked out', { headers: { 'Ssp-From': lockedOut } }],
    ['its record is set aside', { headers: { 'Ssp-From': setAside } }],
    ['it holds no interaction', { headers: { 'Ssp-From': barred } }],
    ['it is pinned to another certificate', { headers: { 'Ssp-From': pinned } }],
    ['it asks a receiver that is nobody', { headers: { 'Ssp-From': world.stranger.asid, 'Ssp-To': '999999999999' } }],
    ['it asks a receiver without an endpoint', { headers: { 'Ssp-From': world.stranger.asid, 'Ssp-To': world.bareProvider.asid } }],
    [
      'it asks a receiver whose record is set aside',
      { headers: { 'Ssp-From': world.stranger.asid, 'Ssp-To': world.ambiguousProvider.asid } },
    ],
    ['it asks for another endpoint', { headers: { 'Ssp-From': world.stranger.asid }, url: 'https://elsewhere.nhs.uk/x' }],
    ['it brings a bad token', { headers: { 'Ssp-From': world.stranger.asid, Authorization: 'Bearer a.b.c' } }],
    ['it is the receiver itself', { headers: { 'Ssp-From': world.provider.asid } }],
  ])('%s: the one answer of the binding, and the reason in the audit alone', async (_what, change) => {
    const known = seen(await call(here, { headers: { 'Ssp-From': world.stranger.asid } }))
    const answer = await expectRefusal(here, change, unbound)
    expect(seen(answer)).toBe(known)
    expect(answer.headers).not.toHaveProperty('x-rate-limit-limit')
    // To the microsecond it would tell a record that was found and compared from none.
    expect(answer.headers['server-timing']).toMatch(/^ssp-admission;dur=\d*0, ssp-total;dur=\d*0$/)
  })

  test('who has proven who it is learns of a receiver only what the checks say, in their order', async () => {
    expect((await call(here, { headers: { 'Ssp-To': '999999999999' } })).verdict.rule).toBe('receiver-interaction')
  })
})

describe('A3: neither party is told of the other’s insides, or ours', () => {
  let here: ScriptedWorld
  const secret = 'NullPointerException at com.example.gp.Patient(Patient.java:42) jdbc:sqlserver://10.1.2.3'
  beforeAll(async () => {
    here = await startScriptedWorld({ settings: { ...everyRefusalRecorded, forwarding: { firstByteTimeoutSeconds: 0.5 } } })
  })
  afterAll(() => here.close())

  test.each([
    ['an answer that is no HTTP', `${secret}\r\n\r\n`],
    ['a status that is none', `HTTP/1.1 777 ${secret}\r\nContent-Length: ${secret.length}\r\n\r\n${secret}`],
    ['two lengths', `HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\nX-Debug: ${secret}\r\n\r\n${secret}`],
    ['a bad transfer coding', `HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\nX-Debug: ${secret}\r\n\r\n${secret}`],
    ['a switch of protocols', `HTTP/1.1 101 ${secret}\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n${secret}`],
    ['too many headers', `HTTP/1.1 200 OK\r\nX-Debug: ${secret.repeat(1_000)}\r\n\r\n${secret}`],
    ['a bad header line', `HTTP/1.1 200 OK\r\n${secret} \r\n\r\n`],
    ['an interim answer and no more', `HTTP/1.1 103 ${secret}\r\nX-Debug: ${secret}\r\n\r\n`],
  ])(
    'a provider that sends %s: 502 or 504 with the documented text, its audit record, and not a word of what it sent',
    async (_what, bytes) => {
      here.script = (socket) => socket.end(bytes)
      const answer = await call(here.world)
      expect([502, 504]).toContain(answer.status)
      const said = `${answer.rawHeaders.join('\n')}\n${answer.body.toString()}`
      for (const word of ['Exception', 'Patient.java', 'jdbc', '10.1.2.3', '127.0.0.1', 'HPE_', 'undici', 'node:', '.ts', ' at '])
        expect(said).not.toContain(word)
      expect(JSON.parse(answer.body.toString())).toMatchObject({
        resourceType: 'OperationOutcome',
        issue: [{ diagnostics: `${answer.status === 504 ? 'TIMEOUT' : 'ERROR'}_COMMUNICATING_TO_ENDPOINT_URL_${world.root}/Patient` }],
      })
      const { outcome } = await forwardedRecords(here.world, answer)
      expect(outcome).toMatchObject({ end: 'refused', status: answer.status })
      expect(outcome.reason).not.toContain('jdbc')
    },
  )

  test('a provider that cannot be reached: its address is not told', async () => {
    const alone = await startWorld({ providerPort: 1, settings: everyRefusalRecorded })
    try {
      const answer = await call(alone)
      expect(answer.status).toBe(502)
      expect(`${answer.rawHeaders.join('\n')}${answer.body.toString()}`).not.toMatch(/127\.0\.0\.1|ECONN|refused/)
      expect((await forwardedRecords(alone, answer)).outcome.reason).toContain('ECONNREFUSED')
    } finally {
      await alone.close()
    }
  })

  test.each<readonly [string, Call]>([
    ['a bad certificate', { as: null }],
    ['a wrong sender', { headers: { 'Ssp-From': world.stranger.asid } }],
    ['a bad token', { headers: { Authorization: `Bearer ${tokenFor(world.searchPatient, { exp: 1, sub: 'do-not-echo' })}` } }],
    ['a bad header', { headers: { 'Ssp-TraceID': 'do-not-echo' } }],
    ['a bad media type', { headers: { Accept: 'text/do-not-echo' } }],
    ['a bad method', { method: 'TRACE', headers: { 'X-Secret': 'do-not-echo' } }],
    ['a bad target', { target: '/https://provider.thirdparty.nhs.uk/../do-not-echo' }],
    ['another interaction', { interaction: 'urn:do-not-echo' }],
  ])('a refusal for %s echoes nothing but what its documented text names, and nothing of ours', async (_what, change) => {
    const answer = await call(here.world, change)
    expect(answer.status).toBeGreaterThanOrEqual(400)
    const said = `${answer.rawHeaders.join('\n')}\n${answer.body.toString()}`
    expect(said).not.toMatch(/do-not-echo|\/tmp\/|\.ts\b|node:|\bat \w+ \(|127\.0\.0\.1/)
    expect(await refusedRecord(here.world, answer)).toMatchObject({ status: answer.status, rule: answer.verdict.rule })
  })

  test('a provider is sent nothing of the caller’s certificate, address beyond Forwarded, or our records', async () => {
    here.seen.length = 0
    here.script = (socket) => socket.write(plainAnswer('{}'))
    expect((await call(here.world)).status).toBe(200)
    expect(here.seen[0]?.head).not.toMatch(/BEGIN CERTIFICATE|test\/main|TEST-1|Ssp-Receipt|Ssp-Verdict/)
  })
})

describe('R8: what a caller writes stays inside its record', () => {
  let here: World
  beforeAll(async () => {
    here = await startWorld({ settings: everyRefusalRecorded })
  })
  afterAll(() => here.close())

  test.each([
    ['a formula', '=cmd|"/c calc"!A1'],
    ['a script', '</script><script>alert(1)</script>'],
    ['a record of its own', '"}}\\n{"i":1,"g":1,"h":"","e":{}}'],
    ['an escaped newline', 'x%0a%0dSet-Cookie:1'],
    ['a template', '{{7*7}}#{7*7}<%= 7*7 %>'],
    ['a shell', '$(reboot);`reboot`|reboot'],
    ['SQL', "'; DROP TABLE audit;--"],
    ['a path', '../../../../etc/passwd'],
    ['much', 'x'.repeat(2_000)],
  ])('%s in trace id, agent and interaction: refused, quoted nowhere in the answer, one line in the log', async (_what, text) => {
    const headers = { 'Ssp-TraceID': text, 'User-Agent': text, 'Ssp-InteractionID': `${text} x` }
    const answer = await expectRefusal(
      here,
      { headers },
      {
        ...badRequest,
        faults: [
          { header: 'Ssp-TraceID', detail: expect.not.stringContaining(text) },
          { header: 'Ssp-InteractionID', detail: expect.not.stringContaining(text) },
        ],
      },
    )
    expect(answer.body.toString() + answer.rawHeaders.join()).not.toContain(text)
    const { request } = await refusedRecord(here, answer)
    expect(request.traceId).toBe(text.slice(0, 256))
    await expectCleanLog()
  })

  test.each([
    ['ESC', '\u001b[2J'],
    ['C1', '\u009b31m'],
    ['a byte order mark in UTF-8', '\xef\xbb\xbf'],
    ['DEL', '\u007f'],
  ])('%s in a header is refused or kept as a number', async (_what, text) => {
    await call(here, { headers: { 'User-Agent': `a${text}`, 'Ssp-TraceID': 'x' } }).catch(() => undefined)
    await expectCleanLog()
  })

  /** ASCII, one line a record, each of them JSON; the signed notes beside them, whose dash is none of ASCII, hold nothing of a caller either. */
  async function expectCleanLog(): Promise<void> {
    const folder = join(here.directory, 'data', 'audit', 'test-main')
    // A draft takes a note's place in the next moment, and may be gone by then. Tiles hold hashes and nothing else.
    for (const name of (await readdir(folder)).filter((one) => !['lock', 'tile'].includes(one) && !one.endsWith(draftEnding))) {
      const isNote = name === 'checkpoint' || name === 'verifier'
      const path = join(folder, name)
      const text = isNote ? (await readFile(path, 'utf8')).replaceAll('\u2014', '') : await readFile(path, 'latin1')
      expect(text).toMatch(/^[\x20-\x7e\n]*$/)
      expect(text).not.toContain('</script>')
      if (isNote) continue
      for (const line of text.split('\n').filter((one) => one !== '')) expect(() => JSON.parse(line)).not.toThrow()
    }
  }
})

describe('R10: the caller’s trace id proves nothing', () => {
  let here: World
  beforeAll(async () => {
    here = await startWorld({ settings: everyRefusalRecorded })
  })
  afterAll(() => here.close())

  test('used again and again, by refused calls too: each exchange has an id of its own, and all are found', async () => {
    const headers = { 'Ssp-TraceID': '09a01679-2564-0fb4-5129-aecc81ea2706' }
    const answers = [await call(here, { headers }), await call(here, { headers }), await call(here, { headers, method: 'DELETE' })]
    expect(new Set(answers.map(({ exchange }) => exchange)).size).toBe(3)
    const found = () =>
      here
        .audit()
        .filter((entry) => (entry.type === 'forwarding' || entry.type === 'refused') && entry.request.traceId === headers['Ssp-TraceID'])
    await until('all three are recorded', () => found().length === 3)
    expect(
      found()
        .map((entry) => 'exchange' in entry && entry.exchange)
        .sort(),
    ).toEqual(answers.map(({ exchange }) => exchange).sort())
  })

  test.each([
    ['no UUID', 'not-a-uuid'],
    ['10 kB', 'a'.repeat(10_000)],
    ['a UUID and more', '09a01679-2564-0fb4-5129-aecc81ea2706x'],
    ['a UUID in braces', '{09a01679-2564-0fb4-5129-aecc81ea2706}'],
    ['a UUID without hyphens', '09a0167925640fb45129aecc81ea2706'],
    ['two UUIDs', '09a01679-2564-0fb4-5129-aecc81ea2706, 09a01679-2564-0fb4-5129-aecc81ea2706'],
    ['letters beyond hexadecimal', 'g9a01679-2564-0fb4-5129-aecc81ea2706'],
    ['an exchange id of ours', '0123456789abcdef0123456789abcdef'],
    ['nothing', ''],
  ])('%s: 400, and in the record no more than 256 characters of it', async (_what, text) => {
    const answer = await expectRefusal(
      here,
      { headers: { 'Ssp-TraceID': text } },
      { ...badRequest, faults: [{ header: 'Ssp-TraceID', detail: expect.stringMatching(/must be a UUID/) }] },
    )
    expect(answer.body.toString()).not.toContain(text === '' ? 'undefined' : text)
    expect((await refusedRecord(here, answer)).request.traceId).toBe(text.slice(0, 256))
  })
})

describe('R9: an NHS number in a URL', () => {
  const number = '9990000018'
  let here: WorldProcess
  beforeAll(async () => {
    here = await startWorldProcess({
      settings: { ...everyRefusalRecorded, logging: { level: 'debug' }, forwarding: { firstByteTimeoutSeconds: 0.5 } },
    })
  })
  afterAll(() => here.close())

  test('is in the audit’s personal part alone: not in log, metrics, readiness, error texts or headers, however the call ends', async () => {
    const target = `/${world.root}/Patient?identifier=https://fhir.nhs.uk/Id/nhs-number|${number}`
    const body = JSON.stringify({ resourceType: 'Parameters', parameter: [{ valueIdentifier: { value: number } }] })
    const honest = here.provider.answer
    const calls: readonly Call[] = [
      { target },
      { target, as: null },
      { target, headers: { 'Ssp-To': world.bareProvider.asid } },
      { target, headers: { 'Ssp-From': world.stranger.asid } },
      { target, headers: { Authorization: `Bearer ${tokenFor(world.searchPatient, { exp: 1, sub: number })}` } },
      { target: target.replace('/1/', '/9/') },
      { target: `/${world.root}/Patient/${number}/x`, interaction: 'urn:nhs:names:services:gpconnect:fhir:rest:read:patient-1' },
      { target: `/${world.root}/../Patient?identifier=${number}` },
      { target: `/${encodeURIComponent(`${world.root}/Patient?identifier=${number}`)}x%` },
      { target: `/${world.root}/Patient?identifier=${number}&_method=PUT` },
      { target, method: 'DELETE' },
      { target, method: 'POST', body },
      { target: `/${world.root}/Slot/${number}`, interaction: world.unknownForm },
    ]
    const answers = [] as Answer[]
    for (const one of calls) answers.push(await call(here, one))
    here.provider.answer = () => undefined
    answers.push(await call(here, { target }))
    here.provider.answer = (request) => void request.socket.destroy()
    answers.push(await call(here, { target }))
    here.provider.answer = honest
    expect(new Set(answers.map(({ status }) => status)).size).toBeGreaterThan(5)
    for (const answer of answers) expect(`${answer.body.toString()}\n${answer.rawHeaders.join('\n')}`).not.toContain(number)
    const [metrics, ready] = [await here.page('/metrics'), await here.page('/readyz?verbose')]
    expect(metrics.body + ready.body).not.toContain(number)
    expect(here.log.length).toBeGreaterThan(10)
    expect(JSON.stringify(here.log)).not.toContain(number)
    await until(
      'every record is there',
      () => here.audit().filter(({ type }) => type === 'outcome' || type === 'refused').length === answers.length,
    )
    for (const entry of here.audit()) {
      const { personal, ...rest } = entry as { personal?: unknown }
      expect(JSON.stringify(rest)).not.toContain(number)
      if ('request' in entry) expect(JSON.stringify(personal)).toContain(number)
    }
  })
})
