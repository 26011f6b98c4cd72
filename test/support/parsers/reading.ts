import { createHash } from 'node:crypto'

/** Names and values of headers, as a parser gives them. */
export type HeaderList = readonly (readonly [name: string, value: string])[]

/** One request as one parser reads it. */
export interface RequestReading {
  readonly method: string
  readonly target: string
  readonly headers: HeaderList
  readonly bytes: number
  readonly sha256: string
}

/** One answer as one parser reads it, and how many bytes stand behind it. */
export interface AnswerReading {
  readonly status: number
  readonly headers: HeaderList
  readonly bytes: number
  readonly sha256: string
  readonly rest: number
}

/** A parser's word that this is no (whole) answer. */
export interface NoAnswer {
  readonly fault: string
}

/** Headers that are about one connection, or about the framing: the body's length and digest say what they meant. */
const ofTheConnection: ReadonlySet<string> = new Set(['connection', 'keep-alive', 'content-length', 'transfer-encoding', 'trailer'])

/** Headers in a form that compares: values by lower-cased name, in the order of their coming, the ends of a value trimmed. */
export function comparable(headers: HeaderList): Readonly<Record<string, readonly string[]>> {
  const byName = new Map<string, string[]>()
  for (const [name, value] of headers) {
    const key = name.toLowerCase()
    if (ofTheConnection.has(key)) continue
    byName.set(key, [...(byName.get(key) ?? []), value.replace(/^[ \t]+|[ \t]+$/g, '')])
  }
  return Object.fromEntries([...byName].sort(([a], [b]) => (a < b ? -1 : 1)))
}

/** Length and SHA-256 of a body, as every reading has them. */
export function measured(body: Buffer): { readonly bytes: number; readonly sha256: string } {
  return { bytes: body.length, sha256: createHash('sha256').update(body).digest('hex') }
}
