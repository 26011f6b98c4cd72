import type { Response } from 'express'

/** A refusal on the operators' leg: a status, a sentence for the caller and nothing of our insides. */
export class Problem extends Error {
  override readonly name = 'Problem'
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  constructor(status: number, detail: string, headers: Readonly<Record<string, string>> = {}) {
    super(detail)
    this.status = status
    this.headers = headers
  }
}

/** The problem as RFC 9457 has it, without a `type` of our own. */
export function problemBody({ status, message }: Problem): { readonly title: string; readonly status: number; readonly detail: string } {
  return { title: titles.get(status) ?? 'Refused', status, detail: message }
}

/** Answers with the problem. */
export function sendProblem(response: Response, problem: Problem): void {
  response
    .status(problem.status)
    .set(problem.headers)
    .type('application/problem+json')
    .send(JSON.stringify(problemBody(problem)))
}

const titles = new Map([
  [400, 'Bad Request'],
  [403, 'Forbidden'],
  [404, 'Not Found'],
  [405, 'Method Not Allowed'],
  [409, 'Conflict'],
  [413, 'Content Too Large'],
  [415, 'Unsupported Media Type'],
  [421, 'Misdirected Request'],
  [500, 'Internal Server Error'],
  [503, 'Service Unavailable'],
])
