import type { LoadConnection } from './load-connection.ts'

/** TLS handshakes that the consumers have under way at a time, whoever is measured: a pool of consumers does not dial all of its connections at once. */
export const handshakesAtOnce = 16

/** Lets connections be opened a few at a time; whoever comes while all places are taken waits for its turn. */
export class Doorway {
  #free = handshakesAtOnce
  readonly #waiting: (() => void)[] = []

  /** Makes a connection once there is a place for its handshake, and gives it at once: what is sent over it goes out with the end of the handshake. */
  async open(make: () => LoadConnection): Promise<LoadConnection> {
    if (this.#free > 0) this.#free--
    else await new Promise<void>((resolve) => this.#waiting.push(resolve))
    const made = make()
    void made.shaken.then(() => this.#leave())
    return made
  }

  #leave(): void {
    const next = this.#waiting.shift()
    if (next === undefined) this.#free++
    else next()
  }
}
