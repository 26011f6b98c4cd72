import type { AuditTrail, RefusedCall } from '../../../src/audit/audit-trail.ts'
import type { AuditEntry } from '../../../src/audit/entry.ts'
import { receiptText } from '../../../src/audit/receipt-proof.ts'
import type { Start } from '../../../src/checks/check-needs.ts'
import type { AnswerSink } from '../../../src/forwarding/answer-sink.ts'
import { BodyDigest } from '../../../src/forwarding/body-digest.ts'
import type { Forwarding, Place } from '../../../src/forwarding/forward.ts'
import { systemClock } from '../../../src/lib/clock.ts'
import type { Admitted } from '../../../src/proxy/admission.ts'
import { type ConsumerLeg, type ExchangeParts, exchange } from '../../../src/proxy/exchange.ts'
import { createExchangesInFlight } from '../../../src/proxy/exchanges-in-flight.ts'
import type { ExchangeEnd } from '../../../src/proxy/observers.ts'
import type { Refusal } from '../../../src/spine/refusal.ts'
import { sampleReceipt } from '../../support/audit-entries.ts'

const start = {
  exchange: '0123456789abcdef0123456789abcdef',
  at: 1,
  started: 0,
  connection: { address: '192.0.2.7', tlsProtocol: 'TLSv1.3', tlsCipher: 'x', tlsResumed: false },
  method: 'GET',
  rawTarget: '/x',
  rawHeaders: [],
  headers: new Map(),
  httpVersion: '1.1',
  form: { target: { host: 'p', path: '', query: '', shown: 'https://p' }, body: { kind: 'none' }, connectionNames: [] },
  registry: undefined,
} as unknown as Start

/** How often what a call holds of its limits was given back. */
let released = 0

const evidence = {
  ...start,
  ...(start.form as object),
  endpoint: { cpaId: 'S1', url: 'https://p', host: 'p' },
  consumer: { asid: '1', odsCode: 'A' },
  provider: { asid: '2', odsCode: 'B' },
  holding: { tightest: undefined, beyond: [], weighs: false, carry: () => undefined, release: () => void released++ },
} as unknown as Admitted

/** A path whose parts do as they are told; what it says, records and tells is kept. */
function path(over: {
  admit?: ExchangeParts['admit']
  record?: () => Promise<typeof sampleReceipt>
  place?: Partial<Place>
  reserve?: () => never
}) {
  const said: { refusal: Refusal; headers: readonly string[] }[] = []
  const recorded: AuditEntry[] = []
  const ended: ExchangeEnd[] = []
  const steps: string[] = []
  const place: Place = {
    headers: { list: [], dropped: [] },
    release: () => void steps.push('released'),
    forward: async () => {
      steps.push('forwarded')
      throw new Error('the provider leg broke')
    },
    ...over.place,
  }
  const leg: ConsumerLeg = {
    body: { flow: () => undefined, pause: () => undefined, resume: () => undefined, leave: () => undefined },
    sink: {} as AnswerSink,
    fault: undefined,
    end: () => undefined,
    proceed: () => void steps.push('proceeded'),
    refuse: (refusal, headers) => void said.push({ refusal, headers }),
  }
  const parts: ExchangeParts = {
    admit: over.admit ?? (() => ({ admitted: true, evidence, observed: [] })),
    audit: {
      forwarding: async (entry: AuditEntry) => {
        const receipt = await (over.record?.() ?? Promise.resolve(sampleReceipt))
        recorded.push(entry)
        return receipt
      },
      refused: (call: RefusedCall) => recorded.push(call.entry()) > 0,
      outcome: (entry: AuditEntry) => void recorded.push(entry),
    } as unknown as AuditTrail,
    forwarding: { reserve: over.reserve ?? (() => place) } as unknown as Forwarding,
    observer: { began: () => undefined, ended: (end) => void ended.push(end) },
    inFlight: createExchangesInFlight(),
    clock: systemClock,
    settingsVersion: '1',
    timeoutStatus: 504,
  }
  return { run: () => exchange(start, leg, parts), said, recorded, ended, steps }
}

const unforeseen = { status: 500, code: 'INTERNAL_SERVER_ERROR', rule: 'unforeseen', origin: 'proxy', closes: true }

test.each<readonly [string, Parameters<typeof path>[0]]>([
  [
    'a check',
    {
      admit: () => {
        throw new Error('a check broke')
      },
    },
  ],
  [
    'a check, with something that is no error',
    {
      admit: () => {
        throw undefined as unknown as Error
      },
    },
  ],
  [
    'the choice of a place',
    {
      reserve: () => {
        throw new RangeError('a place broke')
      },
    },
  ],
])('whatever %s throws is answered 500, recorded and told, and nothing is forwarded', async (_name, over) => {
  const { run, said, recorded, ended, steps } = path(over)
  await run()
  expect(said.map(({ refusal }) => refusal)).toEqual([expect.objectContaining(unforeseen)])
  expect(said[0]?.headers).toEqual([
    'Ssp-Verdict',
    `origin=proxy, rule="unforeseen", id="${start.exchange}", code=INTERNAL_SERVER_ERROR`,
    'Server-Timing',
    expect.any(String),
  ])
  expect(recorded).toEqual([expect.objectContaining({ type: 'refused', status: 500, rule: 'unforeseen', exchange: start.exchange })])
  expect(ended).toHaveLength(1)
  expect(steps).toEqual([])
})

test.each<readonly [string, Parameters<typeof path>[0]]>([
  [
    'no place is to be had',
    {
      reserve: () => {
        throw new RangeError('a place broke')
      },
    },
  ],
  ['no record can be made', { record: () => Promise.reject(new Error('disk full')) }],
  ['the provider leg breaks', {}],
  [
    'it was answered',
    {
      place: {
        forward: async () => ({
          digest: new BodyDigest(),
          status: 200,
          consumerGone: false,
          retriable: false,
          droppedHeaders: [],
          requestBytes: 0,
          requestSha256: undefined,
          retried: false,
        }),
      },
    },
  ],
])('what a call holds of its limits is given back exactly once where %s', async (_name, over) => {
  const before = released
  await path(over).run()
  expect(released - before).toBe(1)
})

test('no record, no forwarding: 503, the place is given back, and 100 Continue is not sent', async () => {
  const { run, said, recorded, ended, steps } = path({ record: () => Promise.reject(new Error('disk full')) })
  await run()
  expect(said.map(({ refusal }) => refusal)).toEqual([
    expect.objectContaining({ status: 503, code: 'AUDIT_UNAVAILABLE', reason: 'disk full', headers: ['Retry-After', '5'] }),
  ])
  expect(recorded.map(({ type }) => type)).toEqual(['refused'])
  expect(ended[0]).toMatchObject({ status: 503, end: 'refused', rule: 'audit' })
  expect(steps).toEqual(['released'])
})

test('the record is on disk before 100 Continue is sent and the request goes out', async () => {
  const order: string[] = []
  const { run, steps } = path({
    record: async () => {
      await new Promise(setImmediate)
      expect(steps).toEqual([])
      order.push('recorded')
      return sampleReceipt
    },
  })
  await run()
  expect([...order, ...steps]).toEqual(['recorded', 'proceeded', 'forwarded'])
})

test('a provider leg that breaks in a way that nobody foresaw is answered 500 with the receipt, and the forwarding gets its outcome', async () => {
  const { run, said, recorded, ended } = path({})
  await run()
  expect(said[0]?.refusal).toMatchObject(unforeseen)
  expect(said[0]?.headers.slice(-2)).toEqual(['Ssp-Receipt', receiptText(sampleReceipt)])
  expect(recorded.map(({ type }) => type)).toEqual(['forwarding', 'outcome'])
  expect(recorded[1]).toMatchObject({ end: 'refused', status: 500, origin: 'proxy', rule: 'unforeseen' })
  expect(ended).toHaveLength(1)
})
