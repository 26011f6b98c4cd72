import { STATUS_CODES } from 'node:http'
import type { ConsumerReply } from './consumer-call.ts'
import type { DemoCall } from './demo-calls.ts'
import { dictionaryOf, durationsOf } from './header-fields.ts'
import { isObject, objectsIn } from './provider/call.ts'
import type { Style } from './style.ts'

/** Names of statuses that HTTP's own list does not have. */
const ownStatuses: Readonly<Record<number, string>> = { 495: 'Certificate Error', 496: 'Certificate Required' }
const width = 78
const labelWidth = 13

/** Whether a reply is what the call was to show: an answer of the provider, or a refusal of the proxy. */
export function asExpected(call: DemoCall, reply: ConsumerReply): boolean {
  const origin = dictionaryOf(header(reply, 'ssp-verdict')).get('origin')
  return call.expected === 'answered'
    ? reply.status >= 200 && reply.status < 300 && origin === 'none'
    : reply.status >= 400 && origin !== undefined && origin !== 'none' && !origin.startsWith('provider')
}

/** One call and what became of it, some ten lines for people. */
export function callReport(call: DemoCall, reply: ConsumerReply, style: Style): string {
  const answered = reply.status >= 200 && reply.status < 300
  const colour = answered ? style.good : style.bad
  const status = `${reply.status} ${STATUS_CODES[reply.status] ?? ownStatuses[reply.status] ?? ''}`.trim()
  const verdict = dictionaryOf(header(reply, 'ssp-verdict'))
  const receipt = dictionaryOf(header(reply, 'ssp-receipt'))
  const title = `  ${answered ? '✔' : '✘'} ${call.title}`
  const rows: (readonly [string, string])[] = [
    ['way', wayText(verdict.get('origin'), style)],
    ['request', `${call.method} …${call.path}`],
    ['interaction', call.interaction],
    ['certificate', `certs-dev/${call.certificate}.pem`],
    ['answer', answerText(reply.body)],
    ['verdict', verdictText(verdict)],
    ['exchange', verdict.get('id') ?? 'the answer names none'],
    ['timing', timingText(reply)],
    ['audit', receiptText(receipt, answered)],
  ]
  return [
    colour(`${title}${' '.repeat(Math.max(1, width - title.length - status.length))}`) + colour(style.bold(status)),
    ...rows.map(([label, text]) => `    ${style.faint(label.padEnd(labelWidth))}${text}`),
    ...(asExpected(call, reply) ? [] : [style.bad(`    This is not what was to be shown: the call should have been ${call.expected}.`)]),
    '',
  ].join('\n')
}

/** How far the call came: what is refused by the proxy, or for a reason on the consumer's side, never reaches the provider. */
function wayText(origin: string | undefined, style: Style): string {
  const forwarded = origin === 'none' || origin?.startsWith('provider') === true
  return `consumer ${style.good('══▶')} proxy ${forwarded ? `${style.good('══▶')} provider` : style.bad('✘')}`
}

function header(reply: ConsumerReply, name: string): string {
  const value = reply.headers[name]
  return Array.isArray(value) ? value.join(', ') : (value ?? '')
}

function verdictText(verdict: ReadonlyMap<string, string>): string {
  const origin = verdict.get('origin')
  if (origin === undefined) return 'the answer carries no Ssp-Verdict'
  if (origin === 'none') return 'every check passed'
  return `refused by the rule ${verdict.get('rule') ?? '?'}, origin ${origin}`
}

function timingText(reply: ConsumerReply): string {
  const phases = durationsOf(header(reply, 'server-timing')).map(
    ({ name, milliseconds }) => `${name.replace(/^ssp-/, '')} ${milliseconds.toFixed(1)}`,
  )
  return [`${reply.milliseconds.toFixed(1)} ms in all, handshake included`, ...(phases.length === 0 ? [] : [phases.join(', ')])].join('; ')
}

/** Where the entry of the audit stands; a refusal carries no receipt and is found by its exchange id. */
function receiptText(receipt: ReadonlyMap<string, string>, answered: boolean): string {
  const [log, index, leaf] = ['log', 'index', 'leaf'].map((name) => receipt.get(name))
  if (log === undefined || index === undefined)
    return answered ? 'the answer carries no Ssp-Receipt' : 'no receipt, since nothing was forwarded; recorded under the exchange id'
  return `log ${log}, entry ${index}${leaf === undefined ? '' : `, leaf ${leaf.slice(0, 16)}…`}`
}

/** What is in an answer, in a few words: how many resources of each type, or an error's own text. */
function answerText(body: string): string {
  let value: unknown
  try {
    value = JSON.parse(body)
  } catch {
    return `${Buffer.byteLength(body)} bytes that are no JSON`
  }
  if (!isObject(value) || typeof value['resourceType'] !== 'string') return 'JSON that is no resource'
  if (value['resourceType'] === 'OperationOutcome')
    return objectsIn(value['issue'])
      .map(({ diagnostics }) => String(diagnostics ?? 'an issue without diagnostics'))
      .join('; ')
  if (value['resourceType'] !== 'Bundle') return value['resourceType']
  const counts = new Map<string, number>()
  for (const { resource } of objectsIn(value['entry'])) {
    const type = isObject(resource) ? String(resource['resourceType']) : 'unknown'
    counts.set(type, (counts.get(type) ?? 0) + 1)
  }
  const types = Array.from(counts, ([type, count]) => (count === 1 ? type : `${count} × ${type}`))
  if (types.length === 0) return 'an empty Bundle'
  return `a Bundle of ${types.slice(0, 5).join(', ')}${types.length > 5 ? `, and ${types.length - 5} more types` : ''}`
}
