/**
 * How much an entry matters while the disk is slow or takes nothing. `kept`: waits until it is written; `awaited`: refused at once when it
 * cannot be written; `dispensable`: refused already when half the memory for waiting entries is used.
 */
export type Claim = 'kept' | 'awaited' | 'dispensable'
