import { InterimFilter } from './interim-filter.ts'

/** What is known of one connection to a provider. */
export interface ConnectionUse {
  /** Whole answers that it has carried since it was made. */
  answers: number
  /** What first went wrong on its socket, which the client library may have covered with an error of its own. */
  broken: Error | undefined
  /** Takes interim answers out of what comes on it. */
  readonly interim: InterimFilter
  /** Closes the connection, so that it carries no further request. */
  retire: () => void
}

/** Somebody who wants to know which connection carries its request. */
export interface OnConnection {
  connection: ConnectionUse | undefined
}

/** A connection that has carried nothing yet. */
export function newConnectionUse(): ConnectionUse {
  return { answers: 0, broken: undefined, interim: new InterimFilter(), retire: () => undefined }
}
