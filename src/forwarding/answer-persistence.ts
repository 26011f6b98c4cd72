import { isBodiless } from '../http/is-bodiless.ts'
import type { BodyFraming } from '../spine/arrival.ts'
import type { AnswerFraming } from './answer-framing.ts'
import type { AnswerHead } from './answer-head.ts'

/** A provider that says how long it keeps an idle connection is believed, less what may be on its way. */
const marginMs = 1_000

/**
 * How long the connection may be kept behind this answer, in ms, at most `idleMs`; 0 where it may not (RFC 9112, 9.3). Not behind an answer
 * without a body to a method or of a status that has none: a careless provider may still send one, and it would be the next call's answer.
 */
export function keptAfter(method: string, head: AnswerHead, framing: AnswerFraming, idleMs: number): number {
  const { status, httpVersion, lines } = head
  if (isBodiless(method, status) || framing.kind === 'until-close') return 0
  let kept = httpVersion === '1.1' ? idleMs : 0
  for (let i = 0; i < lines.names.length; i++) {
    const name = lines.names[i]
    if (name === 'connection') {
      const value = lines.raw[2 * i + 1]!.toLowerCase()
      if (value.includes('close')) return 0
      if (value.includes('keep-alive')) kept = idleMs
    } else if (name === 'keep-alive') {
      const seconds = /timeout=([0-9]{1,6})/i.exec(lines.raw[2 * i + 1]!)?.[1]
      if (seconds !== undefined) idleMs = Math.max(0, Math.min(idleMs, Number(seconds) * 1000 - marginMs))
      if (kept > 0) kept = idleMs
    }
  }
  return kept
}

const bodyMeansNothing: ReadonlySet<string> = new Set(['GET', 'HEAD', 'DELETE', 'OPTIONS', 'TRACE'])

/**
 * Whether a careless provider may take the request's body for a further request, since bodies of its method mean nothing (RFC 9110, 9.3.1): two answers would come, and
 * the second would be the next call's. Such a request is the last on its connection, and says so.
 */
export function endsItsConnection(method: string, framing: BodyFraming): boolean {
  return framing.kind !== 'none' && bodyMeansNothing.has(method)
}
