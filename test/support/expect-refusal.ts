import type { AuditEntry, ForwardingEntry, OutcomeEntry, RefusedEntry } from '../../src/audit/entry.ts'
import { type Answer, type Call, call } from './consumer.ts'
import type { World } from './start-world.ts'
import { until } from './until.ts'

/** What a refusal must look like, on the wire and in the audit. */
export interface ExpectedRefusal {
  readonly status: number
  /** The rule of `Ssp-Verdict`. */
  readonly rule: string
  readonly origin: string
  /** The code that the audit names. */
  readonly code: string
  /** FHIR issue type. */
  readonly issue: string
  /** `display` and `diagnostics`. */
  readonly text: string
  /** The connection ends behind the answer; by default it does not, unless the call has a body, which need not have been read by then. */
  readonly closes?: boolean
  /** What is wrong, header and words, where the answer says so. */
  readonly faults?: readonly { readonly header?: string; readonly detail: unknown }[]
  /** Part of the reason that the audit gives. */
  readonly reason?: RegExp
  /** The verdict's name, where it is not the one that `verdictFor` gives. */
  readonly verdict?: string
}

/** Refusals whose verdict is finer than their code, by rule or origin: written down here once more, so that the catalogue is held to it. */
const finerVerdicts: Readonly<Record<string, string>> = {
  'BAD_CERTIFICATE by identity-binding': 'CERTIFICATE_NOT_BOUND',
  'BAD_REQUEST by request-form': 'SSP_HEADERS_INVALID',
  'BAD_REQUEST by receiver-interaction': 'RECEIVER_UNKNOWN',
  'BAD_REQUEST by interaction-form': 'INTERACTION_FORM_VARIES',
  'BAD_REQUEST by access-token': 'ACCESS_TOKEN_INVALID',
  'PROVIDER_UNREACHABLE of policy': 'PROVIDER_ADDRESS_FORBIDDEN',
  'PROVIDER_UNREACHABLE of provider': 'PROVIDER_ANSWER_INVALID',
  'PROVIDER_UNREACHABLE of provider-tls': 'PROVIDER_TLS_FAILED',
}

function verdictFor({ verdict, code, rule, origin }: ExpectedRefusal): string {
  return verdict ?? finerVerdicts[`${code} by ${rule}`] ?? finerVerdicts[`${code} of ${origin}`] ?? code
}

/** The flood rule so wide that every refusal of a test has a record of its own, at once. */
export const everyRefusalRecorded = { audit: { flood: { perKeyPerSecond: 100_000, perProcessPerSecond: 100_000 }, refusalDelayMs: 0 } }

/** The entries of one exchange, once the last of them is of this type; they are written behind the answer. */
export async function entriesWith(here: World, exchange: string, last: AuditEntry['type']): Promise<readonly AuditEntry[]> {
  const found = () => here.audit().filter((entry) => 'exchange' in entry && entry.exchange === exchange)
  await until(`the record of type ${last} of ${exchange}`, () => found().at(-1)?.type === last, { everyMs: 2 })
  return found()
}

/** The record of a call that was not forwarded. */
export async function refusedRecord(here: World, answer: Answer): Promise<RefusedEntry> {
  const entries = await entriesWith(here, answer.exchange, 'refused')
  expect(entries.map(({ type }) => type)).toEqual(['refused'])
  return entries[0] as RefusedEntry
}

/** Both records of a call that was forwarded. */
export async function forwardedRecords(here: World, answer: Answer): Promise<{ forwarding: ForwardingEntry; outcome: OutcomeEntry }> {
  const entries = await entriesWith(here, answer.exchange, 'outcome')
  expect(entries.map(({ type }) => type)).toEqual(['forwarding', 'outcome'])
  return { forwarding: entries[0] as ForwardingEntry, outcome: entries[1] as OutcomeEntry }
}

/** Makes a call that must be refused so, by exactly that rule, with nothing sent to the provider and one record in the audit. */
export async function expectRefusal(here: World, change: Call, expected: ExpectedRefusal): Promise<Answer> {
  const before = here.provider.received.length
  const answer = await call(here, change)
  expectRefusedAnswer(answer, change.body === undefined ? { closes: false, ...expected } : expected)
  expect(here.provider.received).toHaveLength(before)
  const record = await refusedRecord(here, answer)
  const { status, rule, origin, code } = expected
  expect(record).toMatchObject({ status, rule, origin, code, verdict: answer.code, reason: expect.stringMatching(expected.reason ?? /./) })
  expect(record.consumer.address).toBe('127.0.0.1')
  expect(record.phases['total']).toBeGreaterThanOrEqual(0)
  return answer
}

/** The wire's half: status, verdict, headers of every refusal, and the OperationOutcome to the letter. */
export function expectRefusedAnswer(answer: Answer, expected: ExpectedRefusal): void {
  const { status, rule, origin, closes = answer.closes } = expected
  expect({ status: answer.status, verdict: answer.verdict, closes: answer.closes }).toEqual({ status, verdict: { origin, rule }, closes })
  expect(answer.exchange).toMatch(/^[0-9a-f]{32}$/)
  expect(answer.code).toBe(verdictFor(expected))
  expect(answer.headers).toMatchObject({
    'content-type': 'application/fhir+json;charset=utf-8',
    'cache-control': 'no-store',
    'strict-transport-security': 'max-age=31536000',
    'server-timing': expect.stringMatching(/^ssp-admission;dur=[0-9.]+.*ssp-total;dur=[0-9.]+/),
    date: expect.any(String),
  })
  expect(JSON.parse(answer.body.toString())).toEqual(outcomeOf(answer.exchange, expected))
}

/** The OperationOutcome of a refusal, as the contract's section 4.1 has it. */
export function outcomeOf(exchange: string, { status, issue, text, faults = [] }: ExpectedRefusal): unknown {
  const id = exchange.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5')
  const isMethod = status === 405
  const issues = faults.length > 0 ? faults : [undefined]
  return {
    resourceType: 'OperationOutcome',
    ...(!isMethod && { id }),
    issue: issues.map((fault) => ({
      code: issue,
      severity: isMethod ? 'fatal' : 'error',
      details: {
        coding: [
          {
            code: String(status),
            display: text,
            system: isMethod
              ? 'https://fhir.nhs.uk/StructureDefinition/spine-operationoutcome-1'
              : 'http://fhir.nhs.net/ValueSet/gpconnect-schedule-response-code-1-0',
          },
        ],
        ...(fault !== undefined && { text: fault.detail }),
      },
      ...(!isMethod && { diagnostics: text }),
      ...(fault?.header !== undefined && { location: [`http.${fault.header}`] }),
    })),
  }
}
