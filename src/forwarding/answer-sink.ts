/** Where an answer goes: the consumer's leg, as the provider's leg sees it. */
export interface AnswerSink {
  /** Status line and headers: name, value, name, value …. Once, before any `write`. */
  begin(status: number, reason: string, headers: readonly string[]): void
  /** False when the consumer does not keep up: stop until `drained` is told. */
  write(chunk: Buffer): boolean
  /** What was begun is sent, though nothing of the body has come yet. */
  flush(): void
  /** The answer is whole. */
  end(): void
  /** The answer will never be whole: the consumer's connection is cut, so that it can tell. */
  cut(): void
  /** Who is told of the consumer; of one that has gone already, at once. */
  listener: SinkListener | undefined
}

/** Somebody who is told how the consumer takes an answer. */
export interface SinkListener {
  /** Writing may go on. */
  drained(): void
  /** The consumer went away before the end: told once. */
  gone(): void
}
