import { nhsNumbersInBody } from '../spine/nhs-numbers-in-body.ts'

/** How much of a body is looked at. */
const most = 65_536

/** Keeps the beginning of a request's body as it passes, to be read when the call is over. */
export class SubjectReader {
  #chunks: Buffer[] | undefined = []
  #bytes = 0

  /** Takes note of a piece of the body. */
  take(chunk: Buffer): void {
    if (this.#chunks === undefined || this.#bytes >= most) return
    this.#chunks.push(this.#bytes + chunk.length > most ? chunk.subarray(0, most - this.#bytes) : chunk)
    this.#bytes += chunk.length
  }

  /** The NHS numbers in it. To be asked once: what was kept is let go. Never throws. */
  subjects(): readonly string[] {
    const chunks = this.#chunks ?? []
    this.#chunks = undefined
    if (chunks.length === 0) return []
    try {
      return nhsNumbersInBody(Buffer.concat(chunks).toString('utf8'))
    } catch {
      return []
    }
  }
}
