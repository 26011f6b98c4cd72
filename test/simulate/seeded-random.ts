/** Random numbers that are the same at each run with the same seed. */
export interface SeededRandom {
  /** Evenly from 0 to below 1. */
  next(): number
  /** A whole number from 0 to below `most`. */
  below(most: number): number
  /** Exponentially distributed: what lies between two events of a Poisson process. */
  exponential(mean: number): number
  /** Log-normally distributed, with this mean and this standard deviation of the logarithm. */
  logNormal(mean: number, sigma: number): number
  /** Another stream that has nothing to do with this one, the same for the same name. */
  branch(name: number): SeededRandom
}

/** The generator SplitMix32 of Steele, Lea and Flood (2014), in 32 bits: quick, and good enough where nobody guesses. */
export function seededRandom(seed: number): SeededRandom {
  let state = seed >>> 0
  function next(): number {
    state = (state + 0x9e3779b9) >>> 0
    let mixed = state
    mixed = Math.imul(mixed ^ (mixed >>> 16), 0x85ebca6b)
    mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35)
    return ((mixed ^ (mixed >>> 16)) >>> 0) / 4_294_967_296
  }
  return {
    next,
    below: (most) => Math.floor(next() * most),
    exponential: (mean) => -mean * Math.log(1 - next()),
    logNormal(mean, sigma) {
      const normal = Math.sqrt(-2 * Math.log(1 - next())) * Math.cos(2 * Math.PI * next())
      return mean * Math.exp(sigma * normal - (sigma * sigma) / 2)
    },
    branch: (name) => seededRandom(Math.imul(seed ^ 0x5bd1e995, 2 * name + 1) + name),
  }
}

/** Draws from so many with these weights in constant time (Walker's alias method, 1977). */
export function weightedChoice(weights: Float64Array): (random: SeededRandom) => number {
  const count = weights.length
  const mean = weights.reduce((sum, one) => sum + one, 0) / count
  const share = weights.map((one) => one / mean)
  const alias = new Uint32Array(count)
  const small: number[] = []
  const large: number[] = []
  for (let at = 0; at < count; at++) ((share[at] as number) < 1 ? small : large).push(at)
  while (small.length > 0 && large.length > 0) {
    const less = small.pop() as number
    const more = large[large.length - 1] as number
    alias[less] = more
    share[more] = (share[more] as number) - (1 - (share[less] as number))
    if ((share[more] as number) < 1) small.push(large.pop() as number)
  }
  for (const one of [...small, ...large]) share[one] = 1
  return (random) => {
    const at = random.below(count)
    return random.next() < (share[at] as number) ? at : (alias[at] as number)
  }
}
