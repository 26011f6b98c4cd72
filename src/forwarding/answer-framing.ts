import { isBodiless } from '../http/is-bodiless.ts'
import type { AnswerHead } from './answer-head.ts'

/** How an answer's body is framed: not there, so many bytes, in chunks, or up to the end of the connection. */
export type AnswerFraming =
  | { readonly kind: 'none' }
  | { readonly kind: 'length'; readonly bytes: number }
  | { readonly kind: 'chunked' }
  | { readonly kind: 'until-close' }
  /** It may be read in more than one way. */
  | { readonly kind: 'fault'; readonly fault: string }

const none: AnswerFraming = { kind: 'none' }
const chunked: AnswerFraming = { kind: 'chunked' }
const untilClose: AnswerFraming = { kind: 'until-close' }

/** RFC 9112, 6.3: one framing or none; whatever two readers could take for two lengths is a fault, in an answer without a body too. */
export function answerFraming(method: string, { status, httpVersion, lines: { raw, names } }: AnswerHead): AnswerFraming {
  let length: string | undefined
  let coding: string | undefined
  for (let i = 0; i < names.length; i++) {
    const name = names[i]
    if (name === 'content-length') {
      if (length !== undefined) return fault('it has several Content-Lengths')
      length = raw[2 * i + 1]!
    } else if (name === 'transfer-encoding') {
      if (coding !== undefined) return fault('its Transfer-Encoding is not chunked alone')
      coding = raw[2 * i + 1]!
    }
  }
  if (coding !== undefined) {
    if (length !== undefined) return fault('it has Content-Length and Transfer-Encoding')
    if (httpVersion === '1.0') return fault('HTTP/1.0 knows no Transfer-Encoding')
    if (coding.toLowerCase() !== 'chunked') return fault('its Transfer-Encoding is not chunked alone')
    return isBodiless(method, status) ? none : chunked
  }
  if (length === undefined) return isBodiless(method, status) ? none : untilClose
  if (!/^[0-9]{1,15}$/.test(length)) return fault('its Content-Length is no length')
  if (isBodiless(method, status) || Number(length) === 0) return none
  return { kind: 'length', bytes: Number(length) }
}

function fault(why: string): AnswerFraming {
  return { kind: 'fault', fault: why }
}
