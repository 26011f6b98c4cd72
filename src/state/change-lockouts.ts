import { randomUUID } from 'node:crypto'
import type { Clock } from '../lib/clock.ts'
import type { LockoutFanOut } from './lockout-fan-out.ts'
import type { LockoutList } from './lockout-list.ts'
import type { LockoutSettings } from './lockout-settings.ts'
import type { LockoutSigning } from './lockout-signing.ts'
import {
  isReason,
  type Lockout,
  LockoutRefused,
  type LockoutRequest,
  type Lockouts,
  longestLockoutSeconds,
  normalisedSelector,
  reasonForm,
} from './lockouts.ts'

/** More than any real list; it keeps the file, and the time a change takes, bounded. */
const maximum = 10_000
/** What rules may fill of it, so that an operator always finds room. */
const maximumByRule = 5_000
/** Released ones that are remembered; beyond it nothing is released until some are past, which is better than forgetting. */
const maximumKept = 30_000

/** What changes are made with. */
export interface ChangeParts {
  readonly list: LockoutList
  readonly signing: LockoutSigning
  readonly fanOut: LockoutFanOut
  /** Those in force now. */
  readonly settings: () => Pick<LockoutSettings, 'confirmByHand' | 'confirmByRule'>
  readonly node: string
  readonly clock: Clock
}

/** The lockouts of this node: every change gets an epoch and a signature, takes effect here, and is told to the others. */
export function changeLockouts({ list, signing, fanOut, settings, node, clock }: ChangeParts): Lockouts {
  let lastChange: Promise<unknown> = Promise.resolve()

  /** One change at a time, in the order asked for. */
  function inTurn<T>(change: () => Promise<T>): Promise<T> {
    const turn = lastChange.then(change)
    lastChange = turn.catch(() => undefined)
    return turn
  }

  function inForceOrProposed(): readonly Lockout[] {
    return list.records().filter(({ state }) => state !== 'released')
  }

  async function change(next: Omit<Lockout, 'epoch' | 'changed' | 'node'>): Promise<Lockout> {
    const began = clock.elapsed()
    const given = (await fanOut.nextEpoch(list.epoch)) ?? 0
    const record = signing.sign({ ...next, epoch: Math.max(given, list.epoch + 1), changed: clock.now(), node })
    await list.put(record)
    fanOut.publish(record, began)
    return record
  }

  return {
    get size() {
      return list.size
    },
    find: list.find,
    findSlow: list.findSlow,
    list: () => [...inForceOrProposed()].sort((a, b) => a.created - b.created || a.epoch - b.epoch),
    add: (request, author) =>
      inTurn(async () => {
        const made = lockoutOf(request, author, clock.now())
        const kept = inForceOrProposed()
        if (kept.length >= maximum) throw new LockoutRefused(`There are ${maximum} lockouts already: release some first.`)
        const byRule = isRule(author)
        if (byRule && kept.filter((one) => isRule(one.author)).length >= maximumByRule)
          throw new LockoutRefused(`Rules have made ${maximumByRule} lockouts already.`)
        const proposed = byRule ? settings().confirmByRule && made.effect === 'block' : settings().confirmByHand
        return change({ ...made, state: proposed ? 'proposed' : 'inForce' })
      }),
    confirm: (id, actor) =>
      inTurn(async () => {
        const known = list.get(id)
        if (known === undefined || known.state === 'released') return undefined
        if (known.state === 'inForce') throw new LockoutRefused('The lockout is in force already.')
        if (isSamePerson(known.author, actor)) throw new LockoutRefused('Whoever proposed a lockout cannot confirm it: somebody else must.')
        const until = known.until === undefined ? {} : { until: clock.now() + (known.until - known.created) }
        return change({ ...known, ...until, state: 'inForce', changedBy: actor })
      }),
    release: (id, actor) =>
      inTurn(async () => {
        const known = list.get(id)
        if (known === undefined || known.state === 'released') return undefined
        if (list.records().length > maximumKept) throw new LockoutRefused('Too many released lockouts are remembered.')
        return change({ ...known, state: 'released', changedBy: actor })
      }),
    drill: fanOut.drill,
    onChange: list.onChange,
    get health() {
      return fanOut.health
    },
    caughtUp: fanOut.caughtUp,
    async close() {
      await fanOut.close()
      await inTurn(list.settled)
    },
  }
}

/** Whoever holds two certificates, as while one is renewed, is one person: of actors that have one, the subject says who it is. */
function isSamePerson(one: string, other: string): boolean {
  const subjectOf = (actor: string): string => /^[0-9a-f]{64} (.+)$/s.exec(actor)?.[1] ?? actor
  return subjectOf(one) === subjectOf(other)
}

function isRule(author: string): boolean {
  return author.startsWith('rule:')
}

function lockoutOf(
  { selector, effect = 'block', reason, forSeconds, evidence }: LockoutRequest,
  author: string,
  now: number,
): Omit<Lockout, 'state' | 'epoch' | 'changed' | 'node'> {
  const normalised = normalisedSelector(selector.kind, selector.value)
  if (normalised === undefined) throw new LockoutRefused(`This is not the form of a value for ${selector.kind}.`)
  if (!isReason(reason)) throw new LockoutRefused(reasonForm)
  if (forSeconds !== undefined && (!Number.isSafeInteger(forSeconds) || forSeconds < 1 || forSeconds > longestLockoutSeconds))
    throw new LockoutRefused(`A lockout lasts 1 to ${longestLockoutSeconds} seconds, or until it is released.`)
  return {
    id: randomUUID(),
    selector: normalised,
    effect,
    author,
    reason,
    ...(evidence !== undefined && evidence.length > 0 && { evidence: evidence.slice(-32) }),
    created: now,
    ...(forSeconds !== undefined && { until: now + forSeconds * 1000 }),
    changedBy: author,
  }
}
