/** Random numbers that the same seed brings again, whole and from 0 up to, not including, `below` (mulberry32). */
export type Random = (below: number) => number

/** Makes the numbers of a seed. */
export function randomOf(seed: number): Random {
  let state = seed >>> 0
  return (below) => {
    state = (state + 0x6d2b79f5) >>> 0
    let t = state
    t = Math.imul(t ^ (t >>> 15), t | 1)
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61)
    return Math.floor((((t ^ (t >>> 14)) >>> 0) / 2 ** 32) * below)
  }
}

/** One of a list that is not empty. */
export function pick<T>(random: Random, list: readonly T[]): T {
  return list[random(list.length)] as T
}

const longest = 65_536
const edges = [0x00, 0x0a, 0x0d, 0x20, 0x7f, 0x80, 0xff, 0x30, 0x82, 0x84]

/** A few random changes to one of the samples: bits, bytes, words of a dictionary, pieces repeated, left out or taken from another sample. */
export function mutated(random: Random, samples: readonly Buffer[], dictionary: readonly Buffer[]): Buffer {
  let bytes: Buffer = Buffer.from(pick(random, samples))
  for (let change = 1 + random(5); change > 0; change--) bytes = changed(random, bytes, samples, dictionary)
  return bytes.subarray(0, longest)
}

function changed(random: Random, bytes: Buffer, samples: readonly Buffer[], dictionary: readonly Buffer[]): Buffer {
  const at = random(bytes.length + 1)
  const behind = at + random(Math.min(64, bytes.length - at + 1))
  const put = (...pieces: readonly Buffer[]) => Buffer.concat([bytes.subarray(0, at), ...pieces])
  switch (random(8)) {
    case 0:
      if (at < bytes.length) bytes[at] = (bytes[at] ?? 0) ^ (1 << random(8))
      return bytes
    case 1:
      if (at < bytes.length) bytes[at] = pick(random, edges)
      return bytes
    case 2:
      return put(pick(random, dictionary), bytes.subarray(at))
    case 3:
      return put(pick(random, dictionary), bytes.subarray(behind))
    case 4:
      return put(bytes.subarray(behind))
    case 5:
      return put(bytes.subarray(at, behind), bytes.subarray(at, behind), bytes.subarray(behind))
    case 6:
      return bytes.subarray(0, random(4) === 0 ? at : bytes.length)
    default: {
      const other = pick(random, samples)
      return put(other.subarray(random(other.length + 1)))
    }
  }
}
