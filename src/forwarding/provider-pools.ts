import { gateKey } from './gate-key.ts'
import type { DialHost, ProviderName } from './provider-connector.ts'
import { type PoolSettings, ProviderPool } from './provider-pool.ts'

/** Connections to providers, one pool a host and pin, made at the first call and closed when nobody has asked for a while. */
export interface ProviderPools {
  /** The provider's pool with one more call in flight; how many there may be is decided before (row 15). Give it back with `release`. */
  take(name: ProviderName): ProviderPool
  release(taken: ProviderPool): void
  /** This process may have so many calls at a time at a gate of this key: it keeps no more connections. */
  keep(key: string, most: number): void
  /** Further calls are dialled anew; connections of before end with the calls that are on them. */
  retire(): void
  close(): void
}

/** A pool whose host was not asked for this long is closed. */
const idlePoolMs = 300_000

/** Makes the pools. `dialOf` gives a provider's way to be dialled. */
export function createProviderPools(
  settings: () => PoolSettings,
  dialOf: (name: ProviderName) => DialHost,
  now: () => number,
): ProviderPools {
  const pools = new Map<string, ProviderPool>()
  const retired = new Set<ProviderPool>()

  function open(key: string, name: ProviderName): ProviderPool {
    const made = new ProviderPool(settings, dialOf(name), now)
    pools.set(key, made)
    return made
  }

  function end(one: ProviderPool): void {
    retired.delete(one)
    one.close()
  }

  const sweeper = setInterval(() => {
    for (const [key, one] of pools) {
      if (one.inFlight > 0 || now() - one.lastUsed < idlePoolMs) continue
      pools.delete(key)
      one.close()
    }
  }, 60_000)
  sweeper.unref()

  return {
    take({ host, pin }) {
      const key = gateKey(host, pin)
      const one = pools.get(key) ?? open(key, pin === undefined ? { host } : { host, pin })
      one.inFlight++
      one.lastUsed = now()
      return one
    },
    release(taken) {
      taken.inFlight--
      if (taken.retired && taken.inFlight === 0) end(taken)
    },
    keep: (key, most) => pools.get(key)?.keep(most),
    retire() {
      for (const one of pools.values()) {
        one.retired = true
        retired.add(one)
        if (one.inFlight === 0) end(one)
      }
      pools.clear()
    },
    close() {
      clearInterval(sweeper)
      for (const one of [...pools.values(), ...retired]) one.close()
      pools.clear()
    },
  }
}
