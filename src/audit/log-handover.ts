// One of the files that an auditor can run, and check, without the rest: it imports nothing but Node and its neighbours.
import { verify } from 'node:crypto'
import { type NoteVerifier, readVerifier, verifierText } from './signed-note.ts'

/** The act of the entry in which a log's key hands over to the next one. */
export const handoverAct = 'log-key'

/** That a log's next key is believed, by the one before. */
export interface Handover {
  /** The verifier of the key that signed until then, as text. */
  readonly from: string
  /** The verifier of the next one. */
  readonly to: string
  /** Ed25519 over `handoverStatement`, base64; empty where the key was not there to sign. */
  readonly signature: string
}

/** A handover with the record that it is. */
export interface PlacedHandover extends Handover {
  /** Index of the record. */
  readonly index: number
}

/** What the old key signs. The verifiers' texts begin with the log's name, so that it counts for no other log. */
export function handoverStatement(from: string, to: string): Buffer {
  return Buffer.from(`ssp-audit-handover-1\n${from}\n${to}\n`)
}

/** The handover that an entry of the log records, or a header's list repeats; undefined where it is none. */
export function handoverIn({ act, detail }: { readonly act?: unknown; readonly detail?: unknown }): Handover | undefined {
  if (act !== handoverAct || typeof detail !== 'object' || detail === null) return undefined
  const { from, to, signature } = detail as Readonly<Record<string, unknown>>
  return typeof from === 'string' && typeof to === 'string' && typeof signature === 'string' ? { from, to, signature } : undefined
}

/** The handovers of a log, gathered while its segments are read. */
export interface HandoverList {
  /** All so far, in order. */
  readonly all: readonly Handover[]
  /** Takes those that the first header read has of before it. */
  begin(before: readonly Handover[]): void
  /** Takes the entry of the next record, and returns the handover where it is one. */
  take(entry: Readonly<Record<string, unknown>>): Handover | undefined
}

/** One without a handover. */
export function handoverList(): HandoverList {
  const all: Handover[] = []
  return {
    all,
    begin: (before) => void all.push(...before),
    take(entry) {
      const handover = handoverIn(entry)
      if (handover !== undefined) all.push(handover)
      return handover
    },
  }
}

/**
 * What is wrong with the last of a log's handovers, in a sentence; undefined where it continues the one before, or is by the first key, and the old key
 * signed it. Where the first key is not known, that of the first handover is taken for it.
 */
export function handoverProblem(handovers: readonly Handover[], firstKey?: string): string | undefined {
  const last = handovers.at(-1)
  if (last === undefined) return undefined
  const [from, to] = [readVerifier(last.from), readVerifier(last.to)]
  if (from === undefined || to === undefined || from.name !== to.name) return 'a key is handed over that is none of this log'
  const before = handovers.at(-2)?.to ?? firstKey ?? last.from
  if (before !== last.from) return `the key ${idOf(last.from)} hands over, and it was not the log's`
  return verify(null, handoverStatement(last.from, last.to), from.key, Buffer.from(last.signature, 'base64'))
    ? undefined
    : `the key ${idOf(last.from)} handed nothing over to ${idOf(last.to)}: it was destroyed, or somebody else's took its place`
}

function idOf(verifier: string): string {
  return verifier.split('+')[1] ?? ''
}

/** A key that signs a log, and how long. */
export interface LogKeyTerm {
  readonly verifier: NoteVerifier
  /** Records of the largest tree that it signs: those up to the one in which it hands over, that one included; infinite for the last key. */
  readonly until: number
}

/**
 * The keys that a verifier leads to by sound handovers, itself the first. Undefined where it is none of the log's; where neither its first key nor a handover
 * is known, it is taken for the first.
 */
export function keysFrom(trusted: NoteVerifier, sound: readonly PlacedHandover[], firstKey?: string): readonly LogKeyTerm[] | undefined {
  const own = verifierText(trusted)
  const start = [firstKey ?? sound[0]?.from ?? own, ...sound.map(({ to }) => to)].indexOf(own)
  if (start < 0) return undefined
  const ends = sound.slice(start)
  const verifiers = [trusted, ...ends.flatMap(({ to }) => readVerifier(to) ?? [])]
  return verifiers.map((verifier, at) => ({ verifier, until: (ends[at]?.index ?? Number.POSITIVE_INFINITY) + 1 }))
}

/** The handovers up to the first that is broken. */
export function soundHandovers<T extends Handover>(handovers: readonly T[], firstKey?: string): readonly T[] {
  const broken = handovers.findIndex((_, at) => handoverProblem(handovers.slice(0, at + 1), firstKey) !== undefined)
  return broken < 0 ? handovers : handovers.slice(0, broken)
}

/** What is wrong with the first of the handovers that is broken, in a sentence; undefined where none is. */
export function brokenHandover(handovers: readonly Handover[], firstKey?: string): string | undefined {
  const sound = soundHandovers(handovers, firstKey).length
  return sound === handovers.length ? undefined : handoverProblem(handovers.slice(0, sound + 1), firstKey)
}
