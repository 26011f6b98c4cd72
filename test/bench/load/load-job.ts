/** One connection for all requests of a consumer; or a new one for each, whose handshake is a full one, or resumes the session of the one before. */
export type ConnectionUse = 'kept' | 'new' | 'resumed'

/** Where the load goes, and what must come back. */
export interface LoadTarget {
  readonly port: number
  readonly servername: string
  readonly connections: number
  readonly connection: ConnectionUse
  /** The request's text around its trace id, which is new for every request. */
  readonly request: readonly [before: string, after: string]
  /** Sent behind the request's text; no body unless told otherwise. */
  readonly body?: string
  readonly answerBytes: number
  /** 200 unless told otherwise; `any` takes every answer as it comes. */
  readonly status?: number | 'any'
  /** Whose certificate is presented; the consumer's unless told otherwise. */
  readonly as?: LoadIdentity
}

/** A certificate of the benchmark's folder, or none. */
export type LoadIdentity = 'consumer' | 'stranger' | 'nobody'

/** What the generator is told, one at a time. */
export type LoadCommand =
  | { readonly kind: 'aim'; readonly target: LoadTarget }
  | { readonly kind: 'run'; readonly requests: number }
  | { readonly kind: 'pace'; readonly perSecond: number; readonly seconds: number }
  | { readonly kind: 'hold'; readonly connections: number }
  | { readonly kind: 'shake'; readonly handshakes: number }
  | { readonly kind: 'close' }

/** What a run of requests came to, once every answer was there and was right. */
export interface LoadResult {
  readonly seconds: number
  /** Milliseconds from the request (over a new connection: from its beginning) to the last byte of its answer. */
  readonly p50: number
  readonly p99: number
}

/** What came of asking at a constant rate. */
export interface PaceResult {
  /** Answers by their status. */
  readonly statuses: Readonly<Record<string, number>>
  /** Milliseconds from when each request was due, whatever it had to wait for, to the last byte of its answer. */
  readonly p50: number
  readonly p95: number
  readonly p99: number
  readonly p999: number
}

/** What the generator says to each command. */
export type LoadReply =
  | { readonly kind: 'ready' }
  | { readonly kind: 'ran'; readonly result: LoadResult }
  | { readonly kind: 'paced'; readonly result: PaceResult }
  | { readonly kind: 'shook'; readonly seconds: number }
  | { readonly kind: 'failed'; readonly reason: string }
