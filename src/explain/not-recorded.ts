/** A check asks for something that the audit does not hold. */
export class NotRecorded extends Error {
  override readonly name = 'NotRecorded'
}

/** Thrown again and again: where from does not matter. */
const notRecorded = new NotRecorded('the audit does not hold this')

/** What stands where nothing was recorded: it throws `NotRecorded`. */
export function unrecorded(): never {
  throw notRecorded
}
