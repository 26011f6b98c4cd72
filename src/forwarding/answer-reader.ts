import { type BodyReader, LengthReader, UntilCloseReader } from '../http/body-reader.ts'
import { ChunkedReader } from '../http/chunked-reader.ts'
import { HeadBuffer } from '../http/head-buffer.ts'
import { type AnswerFraming, answerFraming } from './answer-framing.ts'
import { type AnswerHead, canBeginAnswer, readAnswerHead } from './answer-head.ts'

/** Somebody who is told what a provider's bytes mean. */
export interface AnswerEvents {
  head(head: AnswerHead, framing: AnswerFraming): void
  /** Nothing of the body has come with the head. */
  bodyAwaited(): void
  data(piece: Buffer): void
  /** The answer is whole. `surplus`: something stands behind it, which nobody has asked for. */
  end(surplus: boolean): void
  /** It is no answer, or may be read in more than one way. */
  fault(why: string): void
}

/** Bytes of an answer's head. */
const mostHeadBytes = 65_536
/** Interim answers before the real one, which are dropped (they are about the provider's own connection); more is a flood. */
const mostInterims = 16

/** Reads the answers on one connection, strictly (RFC 9112), one at a time. */
export class AnswerReader {
  readonly #events: AnswerEvents
  readonly #heads = new HeadBuffer(mostHeadBytes, canBeginAnswer)
  #method = ''
  /** The answer that is being read; told apart from the next, since an event may end it. */
  #turn = 0
  #interims = 0
  #body: BodyReader | undefined

  constructor(events: AnswerEvents) {
    this.#events = events
  }

  /** Whether the answer's head has come. */
  get begun(): boolean {
    return this.#body !== undefined
  }

  /** A request with this method has been sent. */
  expect(method: string): void {
    this.#method = method
    this.#interims = 0
    this.leave()
  }

  /** Nobody is told more of the answer that is being read. */
  leave(): void {
    this.#turn++
    this.#body = undefined
  }

  /** Takes what has come. */
  read(bytes: Buffer): void {
    const turn = this.#turn
    let rest: Buffer | undefined = bytes
    while (this.#body === undefined) {
      rest = this.#readHead(rest)
      if (rest === undefined || this.#turn !== turn) return
    }
    this.#readBody(this.#body, rest, turn)
  }

  /** The connection has ended. Returns whether that was the end of the answer. */
  ended(): boolean {
    return this.#body instanceof UntilCloseReader
  }

  /** Reads a head, and gives what stands behind it and is to be read on. */
  #readHead(bytes: Buffer): Buffer | undefined {
    const found = this.#heads.read(bytes)
    switch (found.kind) {
      case 'more':
        return undefined
      case 'too-large':
        return this.#fault('its headers are too large')
      case 'malformed':
        return this.#fault('it is not HTTP/1.1')
    }
    const head = readAnswerHead(found.text)
    if (head === undefined) return this.#fault('its head is malformed')
    if (head.status >= 200) return this.#begin(head, found.rest)
    if (head.status === 101) return this.#fault('it switches protocols')
    return ++this.#interims > mostInterims ? this.#fault('too many interim answers') : found.rest
  }

  #begin(head: AnswerHead, rest: Buffer | undefined): Buffer | undefined {
    if (head.status > 599) return this.#fault(`its status is ${head.status}`)
    const framing = answerFraming(this.#method, head)
    if (framing.kind === 'fault') return this.#fault(framing.fault)
    const turn = this.#turn
    this.#events.head(head, framing)
    if (this.#turn !== turn) return undefined
    if (framing.kind === 'none') {
      this.#events.end(rest !== undefined)
      return undefined
    }
    this.#body = bodyReader(framing)
    if (rest === undefined) this.#events.bodyAwaited()
    return rest
  }

  #readBody(body: BodyReader, bytes: Buffer, turn: number): void {
    const taken = body.read(bytes, (piece) => {
      if (this.#turn === turn) this.#events.data(piece)
    })
    if (this.#turn !== turn) return
    if (body.fault !== undefined) this.#fault('its chunks are malformed')
    else if (body.complete) this.#events.end(taken < bytes.length)
  }

  #fault(why: string): undefined {
    this.#events.fault(why)
    return undefined
  }
}

function bodyReader(framing: Extract<AnswerFraming, { kind: 'length' | 'chunked' | 'until-close' }>): BodyReader {
  switch (framing.kind) {
    case 'length':
      return new LengthReader(framing.bytes)
    case 'chunked':
      return new ChunkedReader()
    case 'until-close':
      return new UntilCloseReader()
  }
}
