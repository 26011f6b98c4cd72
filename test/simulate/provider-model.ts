import type { SeededRandom } from './seeded-random.ts'
import type { VirtualTime } from './virtual-time.ts'

/** What is the matter with a provider. Changes as the story goes. */
export type Condition = 'well' | 'slow' | 'hangs' | 'answers-503'

/** How a call ended there. */
export type ProviderEnd = 'answered' | 'busy' | 'late'

/** A provider with so many workers, first come, first served; what they cannot take waits there, as in any server. */
export interface ProviderModel {
  condition: Condition
  /** Calls that it works on and that wait there. */
  readonly load: number
  /** Takes a call and tells how it ended. */
  call(ended: (how: ProviderEnd) => void): void
}

/** What a provider is like. Times in ms. */
export interface ProviderTraits {
  readonly workers: number
  readonly serviceMs: number
  /** Standard deviation of the logarithm of the service times. */
  readonly spread: number
  /** How many times longer it takes where it is slow. */
  readonly slowdown: number
  /** The proxy gives up after this. */
  readonly timeoutMs: number
}

/** Makes one that is well. */
export function providerModel(time: VirtualTime, random: SeededRandom, traits: ProviderTraits): ProviderModel {
  const waiting: (() => void)[] = []
  let head = 0
  let busy = 0

  function begin(call: () => void): void {
    busy++
    call()
  }

  function freed(): void {
    busy--
    if (head === waiting.length) return
    const next = waiting[head++] as () => void
    if (head > 1_000 && head * 2 > waiting.length) {
      waiting.splice(0, head)
      head = 0
    }
    begin(next)
  }

  const model: ProviderModel = {
    condition: 'well',
    get load() {
      return busy + waiting.length - head
    },
    call(ended) {
      let over = false
      const end = (how: ProviderEnd): void => {
        if (over) return
        over = true
        ended(how)
      }
      if (model.condition !== 'well' && model.condition !== 'slow') {
        if (model.condition === 'hangs') time.after(traits.timeoutMs, () => end('late'))
        else time.after(2, () => end('busy'))
        return
      }
      const takes = random.logNormal(traits.serviceMs * (model.condition === 'slow' ? traits.slowdown : 1), traits.spread)
      const came = time.now
      const work = (): void => {
        // Nobody waits any more for what it would do.
        if (time.now - came >= traits.timeoutMs) {
          freed()
          return
        }
        time.after(takes, () => {
          freed()
          end(time.now - came < traits.timeoutMs ? 'answered' : 'late')
        })
      }
      if (busy < traits.workers) begin(work)
      else {
        waiting.push(work)
        // Whoever waits in vain is told when its time is up.
        time.after(traits.timeoutMs, () => end('late'))
      }
    },
  }
  return model
}
