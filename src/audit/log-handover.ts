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

/** What is wrong with the last of a log's handovers, in a sentence; undefined where it continues the one before and the old key signed it. */
export function handoverProblem(handovers: readonly Handover[]): string | undefined {
  const last = handovers.at(-1)
  if (last === undefined) return undefined
  const [from, to] = [readVerifier(last.from), readVerifier(last.to)]
  if (from === undefined || to === undefined || from.name !== to.name) return 'a key is handed over that is none of this log'
  const before = handovers.at(-2)?.to ?? last.from
  if (before !== last.from) return `the key ${idOf(last.from)} hands over, and it was not the log's`
  return verify(null, handoverStatement(last.from, last.to), from.key, Buffer.from(last.signature, 'base64'))
    ? undefined
    : `the key ${idOf(last.from)} handed nothing over to ${idOf(last.to)}: it was destroyed, or somebody else's took its place`
}

function idOf(verifier: string): string {
  return verifier.split('+')[1] ?? ''
}

/** The keys that a verifier leads to by sound handovers, itself the first. Undefined where it is none of the log's. */
export function keysFrom(trusted: NoteVerifier, sound: readonly Handover[]): readonly NoteVerifier[] | undefined {
  if (sound.length === 0) return [trusted]
  const start = [sound[0]?.from, ...sound.map(({ to }) => to)].indexOf(verifierText(trusted))
  return start < 0 ? undefined : [trusted, ...sound.slice(start).flatMap(({ to }) => readVerifier(to) ?? [])]
}

/** The handovers up to the first that is broken. */
export function soundHandovers(handovers: readonly Handover[]): readonly Handover[] {
  const broken = handovers.findIndex((_, at) => handoverProblem(handovers.slice(0, at + 1)) !== undefined)
  return broken < 0 ? handovers : handovers.slice(0, broken)
}

/** What is wrong with the first of the handovers that is broken, in a sentence; undefined where none is. */
export function brokenHandover(handovers: readonly Handover[]): string | undefined {
  const sound = soundHandovers(handovers).length
  return sound === handovers.length ? undefined : handoverProblem(handovers.slice(0, sound + 1))
}
