/** Somebody who takes a body. */
export interface BodyTaker {
  /** The next bytes; they are not changed afterwards. */
  data(chunk: Buffer): void
  /** The body is whole. */
  end(): void
}

/** A request's body, as the provider's leg sees the consumer's. */
export interface BodySource {
  /** Lets it flow, from its beginning, to the one who takes it. Once. */
  flow(taker: BodyTaker): void
  pause(): void
  resume(): void
  /** Nobody takes the rest: nothing more is handed on. */
  leave(): void
}

/** The same body; `seen` is told of each piece before it is handed on, and neither changes nor delays it. */
export function readAlong(body: BodySource, seen: (piece: Buffer) => void): BodySource {
  return {
    flow: (taker) =>
      body.flow({
        data(piece) {
          seen(piece)
          taker.data(piece)
        },
        end: () => taker.end(),
      }),
    pause: () => body.pause(),
    resume: () => body.resume(),
    leave: () => body.leave(),
  }
}
