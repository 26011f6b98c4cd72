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

/** Sifts the raw headers of an answer (name, value, … as bytes). Hop-by-hop ones and those that `Connection` names go without a word. */
export function answerHeaders(raw: readonly (Buffer | string)[]): AnswerHeaders {
  const list: string[] = []
  let dropped: string[] | undefined
  let named: readonly string[] | undefined
  let serverTiming: string | undefined
  for (let i = 0; i + 1 < raw.length; i += 2) {
    const written = latin1(raw[i]!)
    const name = written.toLowerCase()
    const value = latin1(raw[i + 1]!)
    if (name === 'connection')
      named = [
        ...(named ?? none),
        ...value
          .toLowerCase()
          .split(',')
          .map((one) => one.trim()),
      ]
    if (hopByHop.has(name)) continue
    if (droppedFromAnswer.has(name)) dropped = [...(dropped ?? none), name]
    else if (name === 'server-timing') serverTiming = serverTiming === undefined ? value : `${serverTiming}, ${value}`
    else list.push(written, value)
  }
  return { list: named === undefined ? list : without(list, named), dropped: dropped ?? none, serverTiming }
}

function latin1(text: Buffer | string): string {
  return typeof text === 'string' ? text : text.toString('latin1')
}

/** What `Connection` names is hop-by-hop too, but for the body's framing and type. */
function without(list: readonly string[], names: readonly string[]): string[] {
  const kept: string[] = []
  for (let i = 0; i + 1 < list.length; i += 2) {
    const name = list[i]!.toLowerCase()
    if (!names.includes(name) || name.startsWith('content-')) kept.push(list[i]!, list[i + 1]!)
  }
  return kept
}
