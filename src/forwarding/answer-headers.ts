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

const none: readonly string[] = []

/** Sifts the headers of an answer. Hop-by-hop ones and those that `Connection` names go without a word, but for the body's framing and type. */
export function answerHeaders({ raw, names }: HeaderLines): AnswerHeaders {
  const named = namedByConnection(raw, names)
  const list: string[] = []
  let dropped: string[] | undefined
  let serverTiming: string | undefined
  for (let i = 0; i < names.length; i++) {
    const name = names[i]!
    const value = raw[2 * i + 1]!
    if (hopByHop.has(name)) continue
    if (droppedFromAnswer.has(name)) dropped = [...(dropped ?? none), name]
    else if (name === 'server-timing') serverTiming = serverTiming === undefined ? value : `${serverTiming}, ${value}`
    else if (named === undefined || !named.includes(name) || name.startsWith('content-')) list.push(raw[2 * i]!, value)
  }
  return { list, dropped: dropped ?? none, serverTiming }
}

function namedByConnection(raw: readonly string[], names: readonly string[]): readonly string[] | undefined {
  let named: readonly string[] | undefined
  for (let i = 0; i < names.length; i++) {
    if (names[i] !== 'connection') continue
    const further = raw[2 * i + 1]!.toLowerCase().split(',')
    named = [...(named ?? none), ...further.map((one) => one.trim())]
  }
  return named
}
