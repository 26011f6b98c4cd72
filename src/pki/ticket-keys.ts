import { randomBytes } from 'node:crypto'

/** The key that one listener seals its TLS session tickets with. */
export interface TicketKeys {
  /** 48 bytes, for the `ticketKeys` option of `node:tls`. A copy: what is done to it changes nothing. */
  current(): Buffer
  /** Replaces the key with a fresh one, which it returns; every ticket handed out before is worthless from when the listener uses it. */
  rotate(): Buffer
}

/**
 * Makes the ticket keys of one listener. A ticket is an identity: it carries the certificate that was proved when it was made, so
 * whoever opens it with the same key, on this listener or another one, takes its bearer for that party without asking for the
 * private key again. Hence each listener has its own, they live in memory only, and they are rotated hourly and whenever anchors,
 * revocations or lockouts change.
 */
export function createTicketKeys(): TicketKeys {
  let key = randomBytes(48)
  return {
    current: () => Buffer.from(key),
    rotate: () => {
      key = randomBytes(48)
      return Buffer.from(key)
    },
  }
}
