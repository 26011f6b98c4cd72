/** What is known of one connection to a provider. */
export interface ConnectionUse {
  /** Whole answers that it has carried since it was made. */
  answers: number
}

/** Somebody who wants to know which connection carries its request. */
export interface OnConnection {
  connection: ConnectionUse | undefined
}
