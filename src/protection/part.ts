/** A part of what a consumer is due, as fractions of the whole from 0 to 1. */
export interface Part {
  readonly from: number
  readonly to: number
}

/** All of it. */
export const wholePart: Part = { from: 0, to: 1 }
