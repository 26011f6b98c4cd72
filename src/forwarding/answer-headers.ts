import type { HeaderLines } from '../http/header-lines.ts'
import { droppedFromAnswer, hopByHop } from '../spine/header-names.ts'

/** A provider's answer headers, sifted. */
export interface AnswerHeaders {
  /** Name, value, name, value …: what passes, byte for byte, in order and case. */
  readonly list: string[]
  /** Lower-cased names of headers that were dropped because they would act on the proxy's own origin. */
  readonly dropped: readonly string[]
  readonly serverTiming: string | undefined
}

/**
 * Sifts the headers of an answer of this status. Hop-by-hop ones and those that `Connection` names go without a word, but for the body's framing and type. So does
 * the length of a 204, which has no body and must not speak of one (RFC 9110, 8.6): a consumer that goes by it would take the next answer for that.
 */
export function answerHeaders({ raw, names }: HeaderLines, status: number): AnswerHeaders {
  const named = namedByConnection(raw, names)
  const list: string[] = []
  const dropped: string[] = []
  let serverTiming: string | undefined
  for (let i = 0; i < names.length; i++) {
    const name = names[i]!
    const value = raw[2 * i + 1]!
    if (hopByHop.has(name) || (status === 204 && name === 'content-length')) continue
    if (droppedFromAnswer.has(name)) dropped.push(name)
    else if (name === 'server-timing') serverTiming = serverTiming === undefined ? value : `${serverTiming}, ${value}`
    else if (named === undefined || !named.has(name) || name.startsWith('content-')) list.push(raw[2 * i]!, value)
  }
  return { list, dropped, serverTiming }
}

function namedByConnection(raw: readonly string[], names: readonly string[]): ReadonlySet<string> | undefined {
  let named: Set<string> | undefined
  for (let i = 0; i < names.length; i++) {
    if (names[i] !== 'connection') continue
    named ??= new Set()
    for (const one of raw[2 * i + 1]!.toLowerCase().split(',')) named.add(one.trim())
  }
  return named
}
