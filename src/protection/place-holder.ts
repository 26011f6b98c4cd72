import type { CallWindow } from './heavy-share.ts'
import type { PlaceLease } from './place-lease.ts'

/** One worker's part, as whoever leases knows it. */
export interface PlaceHolder {
  present: boolean
  lease: PlaceLease
  /** It has told that it goes by the last lease: until then it gets no other. */
  settled: boolean
  /** Most calls that it can have under way now, whatever is still on its way. */
  most: number
  /** Calls that take no place and still have connections. */
  hanging: number
  peak: number
  waiting: number
  wanted: number
  /** A consumer of its own was kept from more calls at a time since the last window closed. */
  held: boolean
  window: CallWindow | undefined
  /** By how many places it had less than it was due, in the mean of all levellings; -1 to 1. Of what cannot be divided, it has the more the more this is. */
  owed: number
  /** The version of the consumers' shares that it was told last. */
  shares: number
  /** When it was told last what others saw fail, in monotonic ms. */
  othersAt: number
}

/** What is known of a worker that has told nothing. */
export const idle = { hanging: 0, peak: 0, waiting: 0, wanted: 0, held: false, window: undefined, owed: 0 }
