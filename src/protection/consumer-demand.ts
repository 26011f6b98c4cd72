/** What consumers want of a provider at one worker. */
export interface ConsumerDemand {
  /** Who has calls waiting or under way, and how many; and who called last, perhaps with none by now. */
  readonly consumers: readonly (readonly [consumer: string, calls: number])[]
  /** Somebody was kept from more calls at a time since this was last told. */
  readonly held: boolean
}

/** What a worker is told of a provider's consumers at all workers together. */
export interface MachineShare {
  /** Places of all workers together. */
  readonly places: number
  /** More than one consumer calls. */
  readonly contested: boolean
  /** Of what a consumer is due at this provider, the part, above 0 and below 1, that it has at this worker; who is not named has all of it. */
  readonly parts: readonly (readonly [consumer: string, part: number])[]
  /** The most workers that one consumer calls through. */
  readonly spread: number
  /** Calls that wait at the other workers. */
  readonly waiting: number
}
