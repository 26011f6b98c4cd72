import type { ReplayedBy, ReplayGroup, ReplayReport } from '../explain/replay-tally.ts'
import { printable } from './printable.ts'

/** What was replayed, and by what. Times in ms since 1970. */
export interface ReplayScope {
  readonly since: number
  readonly until: number
  readonly settings: string
  readonly registry: string
}

/** Checks whose own decision stands, and what of theirs is not recorded. */
const standing = 'wire-form, client-certificate, lockouts, media-type (Accept), and signatures of tokens'

/** What a replay came to, for a person: how many calls of whom would be decided otherwise, and by what. */
export function replayText({ since, until, settings, registry }: ReplayScope, report: ReplayReport): string {
  const { calls, refused, passed, otherwise, unjudged, onlyCounted, sealed } = report
  const unjudgedText = Object.entries(unjudged).map(([check, count]) => `${check} (${count})`)
  const notes = [
    `As decided then, for the audit does not hold what they ask for: ${standing}.`,
    ...(unjudgedText.length > 0 ? [`Of the calls that would pass, not reached then and taken to pass: ${unjudgedText.join(', ')}.`] : []),
    ...(onlyCounted > 0 ? [`Not decided again: ${callsText(onlyCounted)} of floods, of which only the number was recorded.`] : []),
    ...(sealed > 0 ? [`Without URL and claims, whose key is destroyed: ${callsText(sealed)}.`] : []),
  ]
  return `${[
    `${callsText(calls)} from ${time(since)} to ${time(until)}, decided by settings ${settings} and directory ${registry}`,
    '',
    ...part('would refuse', refused),
    ...part('would now pass', passed),
    ...part('would refuse by another rule', otherwise),
    ...(calls === 0 ? ['no such call is recorded: nothing was decided again', ''] : []),
    ...(calls > 0 && refused.length + passed.length + otherwise.length === 0 ? ['every call is decided as it was', ''] : []),
    ...notes,
  ].join('\n')}\n`
}

function part(what: string, groups: readonly ReplayGroup[]): readonly string[] {
  if (groups.length === 0) return []
  const consumers = new Set(groups.map(({ from }) => from))
  const lines = groups.flatMap(({ from, organisation, before, now, count, first, last, exchanges: [one = '', ...more] }) => {
    const who = from === undefined ? 'nobody proven' : `${from}${organisation === undefined ? '' : ` (${organisation})`}`
    const others = more.length === 0 ? '' : ' …'
    return [
      `  ${who.padEnd(22)}  ${String(count).padStart(7)}  ${change(before, now)}`,
      `${' '.repeat(35)}${time(first)} to ${time(last)}: ${one}${others}`,
    ]
  })
  return [`${what} ${callsText(sum(groups))} of ${consumers.size} consumer${consumers.size === 1 ? '' : 's'}`, ...lines.map(printable), '']
}

function change(before: ReplayedBy | undefined, now: ReplayedBy | undefined): string {
  if (now === undefined) return `was ${by(before)}`
  return before === undefined ? by(now) : `${by(now)}, was ${by(before)}`
}

function by(one: ReplayedBy | undefined): string {
  return one === undefined ? '' : `${one.rule} ${one.status} ${one.code}`
}

/** The same for programs. */
export function replayJson({ since, until, ...by }: ReplayScope, report: ReplayReport): string {
  const { refused, passed, otherwise, ...rest } = report
  const told = (groups: readonly ReplayGroup[]) => ({
    calls: sum(groups),
    consumers: new Set(groups.map(({ from }) => from)).size,
    groups: groups.map(({ first, last, ...group }) => ({ ...group, first: time(first), last: time(last) })),
  })
  const scope = { since: time(since), until: time(until), ...by }
  return `${JSON.stringify({ ...scope, ...rest, wouldRefuse: told(refused), wouldPass: told(passed), otherRule: told(otherwise) }, null, 2)}\n`
}

function sum(groups: readonly ReplayGroup[]): number {
  return groups.reduce((total, { count }) => total + count, 0)
}

function callsText(count: number): string {
  return `${count} call${count === 1 ? '' : 's'}`
}

function time(at: number): string {
  return new Date(at).toISOString()
}
