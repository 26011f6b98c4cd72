import { type SeededRandom, seededRandom, weightedChoice } from './seeded-random.ts'

/** Who calls whom in a country. */
export interface Population {
  readonly consumers: number
  readonly providers: number
  /** Each consumer's part of all calls; together 1. */
  readonly shareOf: Float64Array
  /** Each provider's part of all calls; together 1, but for what affinity shifts. */
  readonly sizeOf: Float64Array
  /** A consumer, by its share of the calls. */
  consumer(random: SeededRandom): number
  /** Whom this consumer calls: mostly somebody in its own region. */
  provider(consumer: number, random: SeededRandom): number
}

/** Integrated care boards in England. */
const regions = 42
/** Calls that stay in the consumer's region. */
const nearby = 0.8
/** A few consumers make most calls: shares follow a power law with this exponent. */
const skew = 0.9
/** Practices' sizes are log-normal about their mean, with this standard deviation of the logarithm. */
const sizes = 0.6

/** Makes one, the same for the same seed. */
export function population(consumers: number, providers: number, seed: number): Population {
  const random = seededRandom(seed).branch(1)
  const shareOf = normalised(Float64Array.from({ length: consumers }, (_, at) => (at + 1) ** -skew))
  const sizeOf = normalised(Float64Array.from({ length: providers }, () => random.logNormal(1, sizes)))
  const anyConsumer = weightedChoice(shareOf)
  const anyProvider = weightedChoice(sizeOf)
  const inRegion = Array.from({ length: regions }, (_, region) => {
    const members = Array.from({ length: providers }, (_, at) => at).filter((at) => at % regions === region)
    const choose = members.length === 0 ? undefined : weightedChoice(Float64Array.from(members, (at) => sizeOf[at] as number))
    return (drawn: SeededRandom): number => (choose === undefined ? anyProvider(drawn) : (members[choose(drawn)] as number))
  })
  return {
    consumers,
    providers,
    shareOf,
    sizeOf,
    consumer: anyConsumer,
    provider: (consumer, drawn) =>
      drawn.next() < nearby ? (inRegion[consumer % regions] as (drawn: SeededRandom) => number)(drawn) : anyProvider(drawn),
  }
}

function normalised(weights: Float64Array): Float64Array {
  const sum = weights.reduce((all, one) => all + one, 0)
  return weights.map((one) => one / sum)
}
