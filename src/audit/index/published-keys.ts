/** What a machine tells the others that share its index of the key under which it hashed NHS numbers in a month. */
export interface PublishedKey {
  /** The data directory whose key it is: 32 hex digits. A machine that is made anew, under its old name, is another one. */
  readonly publisher: string
  /** `audit.node` of that machine. */
  readonly node: string
  /** The month, `2026-11`. */
  readonly period: string
  /** The key, sealed under a secret of the installation; absent where the machine has none: then it is known that its numbers are not found. */
  readonly sealed?: string
}

/** Where machines that share an index publish their keys. Every method rejects with the backend's own error while it is out of reach. */
export interface PublishedKeys {
  /** What this data directory has published. */
  of(publisher: string): Promise<readonly PublishedKey[]>
  /** What all have published of this month and later ones: the newest months first, at most so many. */
  since(period: string, most: number): Promise<readonly PublishedKey[]>
  /** Puts them in the place of what their publishers have published of their months. */
  put(keys: readonly PublishedKey[]): Promise<void>
  /** Gives what was published another seal, where it still is what was read: nothing that was taken out comes back. */
  reseal(key: PublishedKey, sealed: string): Promise<void>
  /** Takes this data directory's of these months out. */
  remove(publisher: string, periods: readonly string[]): Promise<void>
}
