import { once } from 'node:events'
import { request } from 'node:https'
import type { TLSSocket } from 'node:tls'
import type { OutcomeEntry, RefusedEntry } from '../../src/audit/entry.ts'
import { type PublicRefusal, type RefusalCode, refusals } from '../../src/spine/refusal.ts'
import type { Issued } from './certificate-authority.ts'
import { open, wireText } from './consumer.ts'
import { entriesWith, outcomeOf } from './expect-refusal.ts'
import { type World, world } from './start-world.ts'
import { until } from './until.ts'

/** One answer as it stood on the wire. */
export interface WireAnswer {
  readonly status: number
  /** By lower-cased name. */
  readonly headers: ReadonlyMap<string, string>
  readonly body: string
  readonly exchange: string
  readonly rule: string
  readonly origin: string
}

/** Splits what came on a connection into whole answers; `rest` is what is none. Interim answers (1xx) are left out. */
export function answersIn(text: string): { readonly answers: readonly WireAnswer[]; readonly rest: string } {
  const answers: WireAnswer[] = []
  let rest = text
  for (;;) {
    const end = rest.indexOf('\r\n\r\n')
    const [line = '', ...lines] = rest.slice(0, Math.max(end, 0)).split('\r\n')
    const status = Number(/^HTTP\/1\.1 (\d{3}) /.exec(line)?.[1] ?? 0)
    if (end < 0 || status === 0) return { answers, rest }
    rest = rest.slice(end + 4)
    if (status < 200) continue
    const headers = new Map(lines.map((one) => [one.slice(0, one.indexOf(':')).toLowerCase(), one.slice(one.indexOf(':') + 2)] as const))
    let body = ''
    if (headers.get('transfer-encoding') === 'chunked') {
      for (let size = -1; size !== 0; ) {
        const at = rest.indexOf('\r\n')
        if (at < 0) return { answers, rest }
        size = Number.parseInt(rest.slice(0, at), 16)
        if (!(size <= rest.length - at - 4)) return { answers, rest }
        body += rest.slice(at + 2, at + 2 + size)
        rest = rest.slice(at + 2 + size + 2)
      }
    } else {
      const length = Number(headers.get('content-length') ?? 0)
      body = rest.slice(0, length)
      rest = rest.slice(length)
    }
    const [, origin = '', rule = '', exchange = ''] =
      /^origin=([a-z-]+), rule="([^"]*)", id="([0-9a-f]{32})", code=[A-Z_]+$/.exec(headers.get('ssp-verdict') ?? '') ?? []
    answers.push({ status, headers, body, exchange, rule, origin })
  }
}

/** A consumer's connection on which a test says what it likes. */
export interface Line {
  readonly socket: TLSSocket
  send(bytes: string | Buffer): void
  /** Everything that has come so far, as latin1. */
  readonly text: string
  readonly answers: readonly WireAnswer[]
  /** The proxy has said that it ends the connection, or has cut it. */
  readonly ended: boolean
  /** Resolves with the answers once there are as many. */
  answered(count: number): Promise<readonly WireAnswer[]>
  /** Resolves with the answers once the proxy has ended the connection. */
  end(): Promise<readonly WireAnswer[]>
  close(): void
}

const lines = new Set<TLSSocket>()

/** Opens a connection. It never fails on a reset: that is an end too. */
export async function dial(here: World, as?: Issued | null): Promise<Line> {
  const socket = await open(here, as)
  socket.setNoDelay(true)
  lines.add(socket)
  const chunks: Buffer[] = []
  let ended = false
  const over = () => {
    ended = true
  }
  socket.on('data', (chunk: Buffer) => chunks.push(chunk))
  socket.on('end', over).on('close', over).on('error', over)
  const line: Line = {
    socket,
    send: (bytes) => void socket.write(typeof bytes === 'string' ? Buffer.from(bytes, 'latin1') : bytes),
    get text() {
      return Buffer.concat(chunks).toString('latin1')
    },
    get answers() {
      return answersIn(line.text).answers
    },
    get ended() {
      return ended
    },
    async answered(count) {
      await until(`${count} answers`, () => line.answers.length >= count || ended)
      expect(line.answers.length).toBeGreaterThanOrEqual(count)
      return line.answers
    },
    async end() {
      await until('the proxy ends the connection', () => ended)
      return line.answers
    },
    close: () => void socket.destroy(),
  }
  return line
}

/** Sends bytes on a connection of its own, and gives back all answers once the proxy has ended it. */
export async function sayUntilEnd(here: World, bytes: string | Buffer, as?: Issued | null): Promise<readonly WireAnswer[]> {
  const line = await dial(here, as)
  try {
    line.send(bytes)
    return await line.end()
  } finally {
    line.close()
  }
}

/** What must come of hostile bytes. */
export interface Refused {
  readonly status: number
  readonly code: RefusalCode
  /** `wire-form` unless said otherwise. */
  readonly rule?: string
  /** What is sent behind the hostile bytes; by default a whole honest request. */
  readonly behind?: string
}

/** The commonest end: 400, nothing more is read. */
export const malformed: Refused = { status: 400, code: 'MALFORMED_REQUEST' }

/**
 * Sends hostile bytes with a whole honest request behind them: exactly one answer comes, a FHIR refusal, then the connection ends; the
 * audit holds it; the provider has received nothing. Where the parser may choose how to call it, any of `expected` will do. Returns the record.
 */
export async function expectWireRefusal(
  here: World,
  bytes: string | Buffer,
  ...expected: readonly [Refused, ...Refused[]]
): Promise<RefusedEntry | OutcomeEntry> {
  const before = here.provider.received.length
  const hostile = typeof bytes === 'string' ? Buffer.from(bytes, 'latin1') : bytes
  const answers = await sayUntilEnd(here, Buffer.concat([hostile, Buffer.from(expected[0].behind ?? wireText(), 'latin1')]))
  const { status, code, rule = 'wire-form' } = expected.find((one) => one.status === answers[0]?.status) ?? expected[0]
  expect(answers.map((one) => [one.status, one.rule])).toEqual([[status, rule]])
  const answer = answers[0] as WireAnswer
  expect(answer.headers.get('connection')).toBe('close')
  expectFhirRefusal(answer, code)
  const record = await endRecord(here, answer.exchange)
  expect(record).toMatchObject({
    status,
    rule,
    origin: refusals[code].origin,
    ...(record.type === 'refused' ? { code } : { end: 'refused' }),
  })
  expect(record.reason).toMatch(/./)
  expect(here.provider.received).toHaveLength(before)
  return record
}

/** The answer is a refusal of that code: its headers, and the OperationOutcome in exactly the documented shape, whatever faults it names. */
export function expectFhirRefusal(answer: WireAnswer, code: RefusalCode): void {
  const { headers, exchange } = answer
  const { status, issue, text }: PublicRefusal = refusals[code]
  expect(headers.get('content-type')).toBe('application/fhir+json;charset=utf-8')
  expect(headers.get('cache-control')).toBe('no-store')
  expect(headers.get('strict-transport-security')).toBe('max-age=31536000')
  expect(exchange).toMatch(/^[0-9a-f]{32}$/)
  const outcome = JSON.parse(answer.body) as WrittenOutcome
  const first = outcome.issue[0]?.details.coding[0]?.display ?? ''
  // The values that stand in some texts are the caller's own.
  if (text.includes('{')) expect(first).toMatch(new RegExp(`^${text.replace(/\{\w+\}/g, '.*')}$`))
  else expect(first).toBe(text)
  const faults = outcome.issue.flatMap(({ details, location }) =>
    details.text === undefined ? [] : [{ detail: details.text, ...(location && { header: location[0]?.replace(/^http\./, '') ?? '' }) }],
  )
  expect(outcome).toEqual(outcomeOf(exchange, { status, issue, text: first, faults, rule: '', origin: '', code }))
}

interface WrittenOutcome {
  readonly issue: readonly {
    readonly details: { readonly coding: readonly { readonly display: string }[]; readonly text?: string }
    readonly location?: readonly string[]
  }[]
}

/**
 * Sends one request and holds its refusal to what every refusal is: one FHIR answer of one of these kinds, one record in the audit that says
 * the same, nothing at the provider; then the connection has ended where the answer says so, and else carries the next, honest request.
 */
export async function expectRefusedRequest(
  here: World,
  bytes: string,
  ...expected: readonly [Refused, ...Refused[]]
): Promise<RefusedEntry> {
  const before = here.provider.received.length
  const line = await dial(here)
  try {
    line.send(bytes)
    const [answer] = (await line.answered(1)) as [WireAnswer]
    const found = expected.find(({ status, rule = 'wire-form' }) => status === answer.status && rule === answer.rule) ?? expected[0]
    const { status, code, rule = 'wire-form' } = found
    expect([answer.status, answer.rule, answer.origin]).toEqual([status, rule, refusals[code].origin])
    expectFhirRefusal(answer, code)
    expect(await refusalRecord(here, answer.exchange)).toMatchObject({
      status,
      code,
      rule,
      origin: answer.origin,
      reason: expect.stringMatching(/./),
    })
    expect(here.provider.received).toHaveLength(before)
    const closes = (refusals[code] as PublicRefusal).closes === true
    expect(answer.headers.get('connection')).toBe(closes ? 'close' : 'keep-alive')
    line.send(wireText())
    const answers = closes ? await line.end() : await line.answered(2)
    expect(answers.map((one) => one.status)).toEqual(closes ? [status] : [status, 200])
    return await refusalRecord(here, answer.exchange)
  } finally {
    line.close()
  }
}

/** An answer on any connection is this refusal: status, rule, fault domain, FHIR body, `Connection` and the audit record. */
export async function expectRefused(
  here: World,
  answer: WireAnswer | undefined,
  { status, code, rule = 'wire-form' }: Refused,
): Promise<RefusedEntry> {
  const { origin }: PublicRefusal = refusals[code]
  expect([answer?.status, answer?.rule, answer?.origin]).toEqual([status, rule, origin])
  expectFhirRefusal(answer as WireAnswer, code)
  expect(answer?.headers.get('connection')).toBe((refusals[code] as PublicRefusal).closes === true ? 'close' : 'keep-alive')
  const record = await refusalRecord(here, answer?.exchange ?? '')
  expect(record).toMatchObject({ status, code, rule, origin, reason: expect.stringMatching(/./) })
  return record
}

/** Row 2 and row 7. */
export const noCertificate: Refused = { status: 496, code: 'NO_CERTIFICATE', rule: 'client-certificate' }
export const badCertificate: Refused = { status: 495, code: 'BAD_CERTIFICATE', rule: 'client-certificate' }
export const unbound: Refused = { status: 495, code: 'BAD_CERTIFICATE', rule: 'identity-binding' }

/** The record of how an exchange ended: refused at once, or, where a body was malformed only behind what had been forwarded, its outcome. */
export async function endRecord(here: World, exchange: string): Promise<RefusedEntry | OutcomeEntry> {
  return until(`the end of ${exchange}`, () =>
    here
      .audit()
      .filter((entry) => entry.type === 'refused' || entry.type === 'outcome')
      .find((entry) => entry.exchange === exchange),
  )
}

/** The record of an exchange that was not forwarded. */
export async function refusalRecord(here: World, exchange: string): Promise<RefusedEntry> {
  const entries = await entriesWith(here, exchange, 'refused')
  expect(entries.map(({ type }) => type)).toEqual(['refused'])
  return entries[0] as RefusedEntry
}

/** The outcome of an exchange that was forwarded. */
export async function outcomeRecord(here: World, exchange: string): Promise<OutcomeEntry> {
  const entries = await entriesWith(here, exchange, 'outcome')
  expect(entries.map(({ type }) => type)).toEqual(['forwarding', 'outcome'])
  return entries[1] as OutcomeEntry
}

/** The text of an honest PUT, whose interaction's form is not known, with that body framing; `body` is everything behind the head. */
export function wirePut(framing: string, body: string, change: { readonly version?: string; readonly extra?: string } = {}): string {
  return wireText({
    method: 'PUT',
    interaction: world.unknownForm,
    target: `/${world.root}/Slot/1`,
    extra: `Content-Type: application/fhir+json\r\n${framing}${change.extra ?? ''}`,
    body,
    ...(change.version !== undefined && { version: change.version }),
  })
}

/** The numbers of the metrics page, by name and labels. */
export async function metricsOf({ proxy, certificates }: World): Promise<ReadonlyMap<string, number>> {
  const sent = request({
    host: '127.0.0.1',
    port: proxy.opsPort,
    servername: 'localhost',
    path: '/metrics',
    ca: certificates.authority.certificatePem,
    agent: false,
  })
  sent.end()
  const [response] = (await once(sent, 'response')) as [AsyncIterable<Buffer>]
  const chunks: Buffer[] = []
  for await (const chunk of response) chunks.push(chunk)
  const lines = Buffer.concat(chunks).toString().split('\n')
  return new Map(
    lines
      .filter((line) => line !== '' && !line.startsWith('#'))
      .map((line) => [line.slice(0, line.lastIndexOf(' ')), Number(line.slice(line.lastIndexOf(' ') + 1))]),
  )
}

/** Nothing is left over: no connection, no exchange under way, no forwarding without its outcome, no connection to the provider in use. */
export async function expectNothingLeft(here: World): Promise<void> {
  // Those that a failed test has left.
  for (const socket of lines) socket.destroy()
  lines.clear()
  const names = ['ssp_consumer_connections', 'ssp_exchanges_in_flight', 'ssp_audit_open_exchanges']
  let left: unknown
  await until('nothing is left over', async () => {
    const metrics = await metricsOf(here)
    left = names.map((name) => metrics.get(name))
    return names.every((name) => metrics.get(name) === 0)
  }).catch(() => expect(left).toEqual(names.map(() => 0)))
  const entries = here.audit()
  const forwarded = entries.filter(({ type }) => type === 'forwarding').length
  expect(entries.filter(({ type }) => type === 'outcome')).toHaveLength(forwarded)
}
