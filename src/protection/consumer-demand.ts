/** What consumers want of a provider at one worker. */
export interface ConsumerDemand {
  /**
   * Who has calls waiting or under way, how many, and how many places it may hold in all processes together; and who called last, perhaps with none by now.
   */
  readonly consumers: readonly (readonly [consumer: string, calls: number, most: number])[]
  /** How many calls these consumers could have under way here, if there were places. */
  readonly usable: number
  /** Somebody was kept from more calls at a time since this was last told. */
  readonly held: boolean
}

/** What a worker is told of a provider's consumers at all workers together. */
export interface MachineShare {
  /** Places of all workers together. */
  readonly places: number
  /** More than one consumer calls. */
  readonly contested: boolean
  /**
   * Of what a consumer is due at this provider, from which to which fraction of the whole, 0 to 1, it has at this worker: those of all workers lie side by side, so
   * that whole calls are divided without loss. Who is not named has all of it. Undefined where nothing has changed since the last lease.
   */
  readonly parts: readonly (readonly [consumer: string, from: number, to: number])[] | undefined
  /** The most workers that one consumer calls through. */
  readonly spread: number
  /** Calls that wait at the other workers. */
  readonly waiting: number
}
