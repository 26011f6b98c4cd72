import { randomFillSync } from 'node:crypto'

const batch = Buffer.alloc(16 * 256)
let used = batch.length

/** A new exchange id: 128 random bits in 32 lower-case hex digits. Randomness is drawn for 256 at a time. */
export function newExchangeId(): string {
  if (used === batch.length) {
    randomFillSync(batch)
    used = 0
  }
  const exchange = batch.toString('hex', used, used + 16)
  batch.fill(0, used, used + 16)
  used += 16
  return exchange
}
