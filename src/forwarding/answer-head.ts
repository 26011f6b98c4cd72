import { type HeaderLines, readHeaderLines } from '../http/header-lines.ts'

/** The head of a provider's answer. */
export interface AnswerHead {
  readonly status: number
  readonly reason: string
  readonly httpVersion: '1.0' | '1.1'
  readonly lines: HeaderLines
}

const statusLine = /^HTTP\/1\.([01]) ([1-9][0-9]{2})(?: ([\t\x20-\x7e\x80-\xff]*))?$/
/** What every status line is like, a letter a place: `x` is 0 or 1, `d` a digit. */
const statusShape = 'HTTP/1.x ddd'

/** Reads the head of an answer, strictly (RFC 9112, 4); undefined where it is none of HTTP/1.1 or 1.0. */
export function readAnswerHead(text: string): AnswerHead | undefined {
  const end = text.indexOf('\r\n')
  const found = statusLine.exec(end < 0 ? text : text.slice(0, end))
  if (found === null) return undefined
  const lines = readHeaderLines(text, end < 0 ? text.length : end + 2)
  if (lines === undefined) return undefined
  return { status: Number(found[2]), reason: found[3] ?? '', httpVersion: found[1] === '0' ? '1.0' : '1.1', lines }
}

/** Whether what has come can become the head of an answer. */
export function canBeginAnswer(text: string): boolean {
  const end = text.indexOf('\r\n')
  if (end >= 0) return statusLine.test(text.slice(0, end))
  for (let i = 0; i < statusShape.length && i < text.length; i++) {
    const wanted = statusShape[i]
    const there = text[i]!
    if (wanted === 'x' ? there !== '0' && there !== '1' : wanted === 'd' ? there < '0' || there > '9' : there !== wanted) return false
  }
  return true
}
