/** Bytes that are not the DER that they should be. */
export class DerMalformed extends Error {
  override readonly name = 'DerMalformed'
}

/** The tags of X.690 and X.509 that certificates and CRLs are made of; `context(n)` are the [n] of their definitions. */
export const derTag = {
  boolean: 0x01,
  integer: 0x02,
  bitString: 0x03,
  octetString: 0x04,
  oid: 0x06,
  enumerated: 0x0a,
  utf8String: 0x0c,
  utcTime: 0x17,
  generalizedTime: 0x18,
  sequence: 0x30,
  set: 0x31,
  contextPrimitive: (number: number): number => 0x80 | number,
  contextConstructed: (number: number): number => 0xa0 | number,
} as const

/** One tag-length-value. Both buffers are views, nothing is copied. */
export interface DerValue {
  readonly tag: number
  readonly content: Buffer
  readonly whole: Buffer
}

/**
 * Reads a run of DER values one after the other, strictly: definite lengths in their shortest form, single-byte tags, nothing beyond
 * the end. Anything else throws `DerMalformed`. It never recurses and never copies, so its cost is linear in what is read.
 */
export class DerReader {
  readonly #bytes: Buffer
  #at = 0

  constructor(bytes: Buffer) {
    this.#bytes = bytes
  }

  get done(): boolean {
    return this.#at >= this.#bytes.length
  }

  /** The next value, of whatever tag. */
  next(): DerValue {
    const start = this.#at
    const tag = this.#byte()
    if ((tag & 0x1f) === 0x1f) throw new DerMalformed(`tag of several bytes at offset ${start}`)
    const length = this.#length()
    const from = this.#at
    if (length > this.#bytes.length - from) throw new DerMalformed(`value at offset ${start} is longer than what holds it`)
    this.#at = from + length
    return { tag, content: this.#bytes.subarray(from, this.#at), whole: this.#bytes.subarray(start, this.#at) }
  }

  /** The next value, which must have this tag. */
  expect(tag: number): DerValue {
    const value = this.next()
    if (value.tag !== tag) throw new DerMalformed(`tag 0x${value.tag.toString(16)} where 0x${tag.toString(16)} should be`)
    return value
  }

  /** The next value if it has one of these tags, else nothing, and nothing is read. */
  optional(...tags: readonly number[]): DerValue | undefined {
    const tag = this.#bytes[this.#at]
    return tag !== undefined && tags.includes(tag) ? this.next() : undefined
  }

  /** Steps into the next value, which must have this tag. */
  enter(tag: number = derTag.sequence): DerReader {
    return new DerReader(this.expect(tag).content)
  }

  /** Throws unless everything has been read. */
  end(): void {
    if (!this.done) throw new DerMalformed('something follows where it should end')
  }

  #byte(): number {
    const byte = this.#bytes[this.#at]
    if (byte === undefined) throw new DerMalformed('it ends in the middle')
    this.#at += 1
    return byte
  }

  #length(): number {
    const first = this.#byte()
    if (first < 0x80) return first
    const octets = first & 0x7f
    if (octets === 0 || octets > 4) throw new DerMalformed('length is indefinite or beyond 4 bytes')
    let length = 0
    for (let index = 0; index < octets; index++) length = length * 256 + this.#byte()
    if (length < 0x80 || length < 256 ** (octets - 1)) throw new DerMalformed('length is not in its shortest form')
    return length
  }
}

/** Opens the one SEQUENCE that `bytes` consist of. */
export function openSequence(bytes: Buffer): DerReader {
  const outer = new DerReader(bytes)
  const inner = outer.enter()
  outer.end()
  return inner
}
