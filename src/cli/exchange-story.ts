import type { AuditedPersonal, ForwardingEntry, Observation, OutcomeEntry, RefusedEntry } from '../audit/entry.ts'
import type { ExchangeShown } from '../audit/index/lookups.ts'
import type { Origin } from '../spine/origin.ts'
import { verdicts } from '../spine/verdict-catalogue.ts'
import type { VerdictMeaning } from '../spine/verdict-meaning.ts'
import { party } from './audit-search.ts'
import { printable } from './printable.ts'

/** Whose fault each domain is, in words for a help desk. */
const faults: Readonly<Record<Origin, string>> = {
  none: 'nobody’s: it went well',
  consumer: 'the consumer’s: what it sent was refused',
  'consumer-network': 'the consumer’s network: it hung up or did not keep up',
  policy: 'neither party’s: the directory, the data-sharing rules or the operator do not allow it',
  proxy: 'the proxy’s own',
  'provider-network': 'the provider’s network: it could not be reached, or the connection broke',
  'provider-tls': 'the provider’s TLS or certificate',
  provider: 'the provider’s: it answered with an error, wrongly, late or not at all, or had no room',
  payload: 'the payload’s: what was sent could not be carried',
}

type Entry = ForwardingEntry | RefusedEntry | OutcomeEntry

/**
 * One exchange told for a help desk: who, what, decided by what, how long each phase took, whose fault. Of one whose records are on another machine it is
 * what the index has: all but the facts of the connection, what was observed, and reasons that are for operators alone.
 */
export function exchangeStory({ exchange: one, records, note }: ExchangeShown): string {
  const entries = records.map(({ entry }) => entry as unknown as Entry)
  const first = entries.find((entry) => entry.type !== 'outcome')
  const last = entries.find((entry) => entry.type === 'outcome') ?? entries.find((entry) => entry.type === 'refused')
  const consumer = first?.consumer
  const { verdict, phases } = last ?? one.told ?? {}
  const meaning = meaningOf(verdict)
  const lines: (readonly [string, string | undefined])[] = [
    ['exchange', one.exchange],
    ['trace', one.traceId],
    ['began', new Date(one.at).toISOString()],
    [
      'ended',
      one.ended === undefined
        ? 'not yet'
        : `${new Date(one.ended).toISOString()}${one.totalMs === undefined ? '' : `, after ${milliseconds(one.totalMs)}`}`,
    ],
    ['from', party(one.from, one.fromOrganisation)],
    ['', consumer && [consumer.address, consumer.certificateSubject, consumer.tlsProtocol, consumer.tlsCipher].filter(Boolean).join(', ')],
    ['to', `${party(one.to, one.toOrganisation)}${one.endpoint === undefined ? '' : `, endpoint ${one.endpoint}`}`],
    ['asked', `${one.method ?? '?'} ${one.url ?? '(no target that could be read)'}`],
    ['', one.interaction],
    ['decided', decided(one.forwarded, first)],
    ...observedBy(first).map(({ rule, code, reason }) => ['observed', `${rule} would have refused with ${code}: ${reason}`] as const),
    ['answered', answered(one.end, one.status, one.providerStatus, one.code)],
    [
      'fault',
      one.origin === undefined ? undefined : `${refusedByProvider(verdict) ?? faults[one.origin]} (${one.origin}, rule ${one.rule})`,
    ],
    ['verdict', verdict],
    ['expected', meaning?.expected],
    ['found', last === undefined ? one.told?.found : last.reason],
    ['next', meaning && `${meaning.who}: ${meaning.next}`],
    ['phases', phases && phasesOf(phases)],
    ['bodies', one.requestBytes === undefined ? undefined : `${one.requestBytes} bytes asked, ${one.responseBytes ?? 0} bytes answered`],
    ...entries.flatMap((entry) => personalOf(entry.personal)),
    ['records', [`log ${one.log}`, ...records.map(({ index, entry }) => `${index} (${entry.type})`)].join(', ')],
    ['note', note],
  ]
  return lines
    .filter((line): line is readonly [string, string] => line[1] !== undefined && line[1] !== '')
    .map(([name, value]) => `${name.padEnd(10)}${printable(value)}\n`)
    .join('')
}

/** What a verdict means, where somebody must act; records of another version may name one that is not known here. */
function meaningOf(verdict: string | undefined): VerdictMeaning | undefined {
  const known: Readonly<Record<string, VerdictMeaning>> = verdicts
  const meaning = verdict !== undefined && Object.hasOwn(known, verdict) ? known[verdict] : undefined
  return meaning?.who === 'nobody' ? undefined : meaning
}

/** Where the provider answered that it does not do what it was asked: that may be quite right. */
function refusedByProvider(verdict: string | undefined): string | undefined {
  return verdict === 'PROVIDER_ANSWERED_REFUSAL'
    ? 'as the provider’s answer says: it does not take what it was asked, or has it not'
    : undefined
}

function decided(forwarded: boolean, first: Entry | undefined): string | undefined {
  if (first?.type === 'forwarding')
    return `passed every check; data sharing by ${first.sharingRule || 'no rule'}; registry ${first.registryVersion}, settings ${first.settingsVersion}`
  return forwarded ? 'passed every check' : 'refused: nothing was forwarded'
}

function observedBy(first: Entry | undefined): readonly Observation[] {
  return first !== undefined && 'observed' in first ? first.observed : []
}

function answered(end: string, status: number | undefined, providerStatus: number | undefined, code: string | undefined): string {
  if (end === 'open') return 'not yet: it is under way'
  if (end === 'interrupted') return 'nobody knows: the proxy stopped before the outcome was recorded'
  const how = { complete: 'the whole answer was passed on', aborted: 'broken off', refused: 'by the proxy itself' }[end] ?? end
  const provider = providerStatus === undefined ? '' : `, the provider said ${providerStatus}`
  return `${status ?? '?'}${code === undefined ? '' : ` ${code}`}, ${how}${provider}`
}

function phasesOf(phases: Readonly<Record<string, number>>): string {
  return Object.entries(phases)
    .map(([name, value]) => `${name} ${milliseconds(value)}`)
    .join(', ')
}

function milliseconds(value: number): string {
  return `${value < 10 ? value.toFixed(1) : Math.round(value)} ms`
}

function personalOf(personal: AuditedPersonal | undefined): readonly (readonly [string, string | undefined])[] {
  const { url, claims, requestSha256, responseSha256, subjects } = personal ?? {}
  return [
    ['url', url],
    ['claims', claims],
    ['digests', [requestSha256 && `request ${requestSha256}`, responseSha256 && `answer ${responseSha256}`].filter(Boolean).join(', ')],
    ['subjects', subjects?.join(', ')],
  ]
}
