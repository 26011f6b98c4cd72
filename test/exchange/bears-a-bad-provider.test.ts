import { gzipSync } from 'node:zlib'
import { type Call, call } from '../support/consumer.ts'
import {
  type ExpectedRefusal,
  everyRefusalRecorded,
  expectRefusal,
  expectRefusedAnswer,
  forwardedRecords,
} from '../support/expect-refusal.ts'
import { plainAnswer, type ScriptedWorld, startScriptedWorld } from '../support/scripted-provider.ts'
import { world } from '../support/start-world.ts'
import { until } from '../support/until.ts'

const create = 'urn:nhs:names:services:gpconnect:fhir:rest:create:appointment-1'
const structured = 'urn:nhs:names:services:gpconnect:fhir:operation:gpc.getstructuredrecord-1'
const post: Call = { method: 'POST', interaction: create, url: `${world.root}/Appointment`, body: '{}' }
let here: ScriptedWorld
beforeAll(async () => {
  here = await startScriptedWorld({
    settings: {
      ...everyRefusalRecorded,
      checks: { throttle: { requestsPerSecond: 100_000, burst: 100_000 } },
      forwarding: {
        firstByteTimeoutSeconds: 0.6,
        silenceTimeoutSeconds: 0.5,
        connectionsPerProvider: 4,
        capacity: { queueSeconds: 0.2 },
        // What each call is told of a provider in trouble is looked at here; the circuit has tests of its own.
        breaker: { mode: 'observe' },
        firstByteTimeouts: [{ interaction: structured, seconds: 3 }],
      },
    },
  })
})
beforeEach(() => {
  here.seen.length = 0
})
afterAll(() => here.close())

const target = `${world.root}/Patient`
const failed = (status: number, origin: string, path = target): ExpectedRefusal => ({
  ...{
    status,
    origin,
    rule: 'provider-exchange',
    code: status === 504 ? 'PROVIDER_TIMEOUT' : 'PROVIDER_UNREACHABLE',
    closes: false,
    issue: status === 504 ? 'timeout' : 'transient',
  },
  text: `${status === 504 ? 'TIMEOUT' : 'ERROR'}_COMMUNICATING_TO_ENDPOINT_URL_${path}`,
})

describe('D4: a provider in trouble is asked once for each call, and each call is told whose trouble it is', () => {
  type Script = ScriptedWorld['script']
  const nothing: Script = () => undefined
  test.each<readonly [string, Script, Call, ExpectedRefusal]>([
    ['hangs at a GET', nothing, {}, failed(504, 'provider')],
    ['hangs at a POST', nothing, post, failed(504, 'provider', `${world.root}/Appointment`)],
    ['resets at a GET', (socket) => socket.destroy(), {}, failed(502, 'provider-network')],
    ['resets at a POST', (socket) => socket.destroy(), post, failed(502, 'provider-network', `${world.root}/Appointment`)],
    ['ends without a word', (socket) => socket.end(), {}, failed(502, 'provider-network')],
    ['ends within its head', (socket) => socket.end('HTTP/1.1 200 OK\r\nX: '), {}, failed(502, 'provider-network')],
    [
      'trickles its head',
      (socket) => {
        const timer = setInterval(() => socket.write('HTTP/1.1 200 OK\r\n'.slice(0, 1)), 100)
        socket.once('close', () => clearInterval(timer))
      },
      {},
      failed(502, 'provider'),
    ],
    ['answers rubbish', (socket) => socket.end('busy, come again\r\n'), {}, failed(502, 'provider')],
  ])('%s', async (what, script, change, expected) => {
    here.script = script
    const answer = await call(here.world, change)
    expectRefusedAnswer(
      answer,
      what.startsWith('trickles') && answer.status === 504 ? failed(504, 'provider') : { ...expected, closes: answer.closes },
    )
    const { outcome } = await forwardedRecords(here.world, answer)
    expect(outcome).toMatchObject({
      end: 'refused',
      status: answer.status,
      origin: answer.verdict.origin,
      reason: expect.stringMatching(/./),
    })
    // A GET on a fresh connection is not tried again either.
    expect(here.seen).toHaveLength(1)
    await until('its connection is gone', () => here.connections.open === 0)
  })

  test.each(['7', '120', 'Fri, 31 Dec 2027 23:59:59 GMT'])(
    'a 503 with Retry-After: %s passes as it came, and nobody tries again',
    async (after) => {
      const body = '{"resourceType":"OperationOutcome"}'
      here.script = (socket) =>
        socket.write(
          `HTTP/1.1 503 Busy\r\nRetry-After: ${after}\r\nContent-Type: application/fhir+json\r\nContent-Length: ${body.length}\r\n\r\n${body}`,
        )
      for (const change of [{}, post]) {
        const before = here.seen.length
        const answer = await call(here.world, change)
        expect([answer.status, answer.headers['retry-after'], answer.body.toString()]).toEqual([503, after, body])
        expect([answer.verdict, answer.closes]).toEqual([{ origin: 'provider', rule: 'provider-exchange' }, false])
        expect((await forwardedRecords(here.world, answer)).outcome).toMatchObject({ end: 'complete', status: 503, origin: 'provider' })
        expect(here.seen).toHaveLength(before + 1)
      }
    },
  )

  test('flaps: what it says now counts, no more is asked than was called for but one retry of a GET on a broken kept connection, and it is served again', async () => {
    let nth = 0
    here.script = (socket) => {
      if (nth++ % 3 === 2) socket.destroy()
      else socket.write(plainAnswer('{}'))
    }
    const answers = []
    for (let turn = 0; turn < 60; turn++) answers.push(await call(here.world))
    const broken = answers.filter(({ status }) => status !== 200)
    for (const answer of broken) expect([answer.status, answer.verdict.origin]).toEqual([502, 'provider-network'])
    expect(here.seen.length).toBeLessThanOrEqual(60 * 2)
    here.script = (socket) => socket.write(plainAnswer('{}'))
    expect((await call(here.world)).status).toBe(200)
  })

  test('hangs while many call: no more are sent than may be under way, the rest waits no longer than it may and is told, and nothing is sent later', async () => {
    here.script = nothing
    const answers = await Promise.all(Array.from({ length: 30 }, () => call(here.world)))
    const statuses = answers.map(({ status }) => status)
    expect(new Set(statuses)).toEqual(new Set([503, 504]))
    const busy = answers.filter(({ status }) => status === 503)
    for (const answer of busy) {
      expectRefusedAnswer(answer, {
        ...{ status: 503, rule: 'provider-capacity', origin: 'provider', code: 'PROVIDER_BUSY', issue: 'transient', text: 'PROVIDER_BUSY' },
        closes: false,
      })
      expect(Number(answer.headers['retry-after'])).toBeGreaterThan(0)
    }
    expect(here.seen.length).toBe(statuses.filter((status) => status === 504).length)
    await until('its connections are gone', () => here.connections.open === 0)
    here.script = (socket) => socket.write(plainAnswer('{}'))
    expect((await call(here.world)).status).toBe(200)
  })
})

describe('D10: a call that may be large or long', () => {
  test.each([
    ['everything of a patient', '/Patient/1/$everything'],
    ['an include that iterates', '/Slot?_include:iterate=*&_revinclude:iterate=*'],
    ['a page of a million', '/Slot?_count=1000000'],
    ['a page of minus one', '/Slot?_count=-1'],
    ['a search of all', '/Slot?'],
    ['a chained search', '/Slot?schedule.actor:Practitioner.identifier:contains=a'],
    ['a long list of values', `/Slot?_id=${'1,'.repeat(3_000)}1`],
    ['a long list of parameters', `/Slot?${'_sort=a&'.repeat(900)}`],
  ])('%s: is the provider’s to judge, sent as it came, and takes a place like any other', async (_what, path) => {
    here.script = (socket) => socket.write(plainAnswer('{}'))
    const answer = await call(here.world, { interaction: world.unknownForm, url: `${world.root}${path}` })
    expect(answer.status).toBe(200)
    expect(here.seen[0]?.head.split('\r\n')[0]).toBe(`GET /T99999/STU3/1${path} HTTP/1.1`)
    expect((await forwardedRecords(here.world, answer)).outcome).toMatchObject({ end: 'complete', status: 200 })
  })

  test('what is not of the interaction’s form is refused all the same', async () => {
    await expectRefusal(
      here.world,
      { url: `${world.root}/Patient/1/$everything` },
      {
        status: 400,
        rule: 'interaction-form',
        origin: 'consumer',
        code: 'BAD_REQUEST',
        issue: 'invalid',
        text: 'BAD_REQUEST',
        faults: [{ header: 'Ssp-InteractionID', detail: expect.any(String) }],
      },
    )
  })

  test('one whose interaction has more time gets it, others do not', async () => {
    here.script = (socket) => setTimeout(() => socket.write(plainAnswer('{}')), 1_200)
    const body = JSON.stringify({ resourceType: 'Parameters' })
    const slow = await call(here.world, {
      method: 'POST',
      interaction: structured,
      url: `${world.root}/Patient/$gpc.getstructuredrecord`,
      body,
    })
    expect(slow.status).toBe(200)
    const usual = await call(here.world)
    expect([usual.status, usual.verdict.origin]).toEqual([504, 'provider'])
  })

  test('as many of them as a provider has connections leave the others 503 once they have waited as long as they may', async () => {
    here.script = (socket) => setTimeout(() => socket.write(plainAnswer('{}')), 550)
    const everything = { interaction: world.unknownForm, url: `${world.root}/Slot?_count=1000000` }
    const held = Array.from({ length: 4 }, () => call(here.world, everything))
    await until('all are at the provider', () => here.seen.length === 4)
    const answer = await expectRefusal(
      here.world,
      {},
      {
        status: 503,
        rule: 'provider-capacity',
        origin: 'provider',
        code: 'PROVIDER_BUSY',
        issue: 'transient',
        text: 'PROVIDER_BUSY',
        closes: false,
      },
    )
    expect(Number(answer.headers['retry-after'])).toBeGreaterThan(0)
    expect((await Promise.all(held)).map(({ status }) => status)).toEqual([200, 200, 200, 200])
  })
})

describe('D6: nothing is decompressed on its way', () => {
  const bomb = gzipSync(Buffer.alloc(50_000_000))

  test.each(['gzip', 'br', 'deflate', 'zstd', 'gzip, gzip', `${'gzip, '.repeat(500)}gzip`, 'identity', 'x-unknown'])(
    'an answer of 50 MB in a few kilobytes with Content-Encoding %s passes byte for byte',
    async (coding) => {
      here.script = (socket) => {
        socket.write(`HTTP/1.1 200 OK\r\nContent-Encoding: ${coding}\r\nContent-Length: ${bomb.length}\r\n\r\n`)
        socket.write(bomb)
      }
      const answer = await call(here.world)
      expect([answer.status, answer.headers['content-encoding']]).toEqual([200, coding])
      expect(answer.body.equals(bomb)).toBe(true)
      expect((await forwardedRecords(here.world, answer)).outcome).toMatchObject({ end: 'complete', responseBytes: bomb.length })
    },
  )

  test('a request body is passed on by its bytes too', async () => {
    here.script = (socket) => socket.write(plainAnswer('{}'))
    const answer = await call(here.world, { ...post, body: bomb, headers: { 'Content-Encoding': 'gzip, gzip' } })
    expect(answer.status).toBe(200)
    expect((await forwardedRecords(here.world, answer)).outcome).toMatchObject({ requestBytes: bomb.length })
  })

  test.each([
    ['zip: DEF', { alg: 'none', zip: 'DEF' }],
    ['zip: GZ', { alg: 'none', zip: 'GZ' }],
    ['an encrypted token', { alg: 'dir', enc: 'A256GCM', zip: 'DEF' }],
  ])('a token with %s is not unpacked: 400', async (_what, header) => {
    const section = (value: Buffer | object) => (Buffer.isBuffer(value) ? value : Buffer.from(JSON.stringify(value))).toString('base64url')
    const claims = gzipSync(Buffer.from(JSON.stringify({ pad: 'a'.repeat(5_000_000) })))
    const answer = await expectRefusal(
      here.world,
      { headers: { Authorization: `Bearer ${section(header)}.${section(claims)}.` } },
      {
        status: 400,
        rule: 'access-token',
        origin: 'consumer',
        code: 'BAD_REQUEST',
        issue: 'invalid',
        text: 'BAD_REQUEST',
        faults: [{ header: 'Authorization', detail: expect.any(String) }],
      },
    )
    expect(answer.body.length).toBeLessThan(2_000)
  })
})
