import { providerSelectors, type Selected, senderSelectors } from '../checks/lockout.ts'
import type { Refusal } from '../spine/refusal.ts'
import type { LockoutKind } from '../state/lockouts.ts'
import type { Admitted } from './admission.ts'

/** Somebody whose part in a call can be ended from outside. */
export interface Endable {
  /** Refuses the call where no answer has begun, else cuts it, on both legs; `why` is recorded. */
  end(why: Refusal): void
}

/** The calls that have been admitted and not ended: those whom a lockout must reach in their midst. */
export interface ExchangesInFlight {
  readonly size: number
  /** From admission on; the call ends it by what is returned. */
  add(admitted: Admitted, call: Endable): () => void
  /** Ends every call in which this party has a part, on whichever side. Returns how many. */
  end(kind: LockoutKind, value: string, why: Refusal): number
}

/** No calls yet. An array whose places are used again, and no set that lives long: see `ActiveList` for what that costs. */
export function createExchangesInFlight(): ExchangesInFlight {
  const calls: (Entry | undefined)[] = []
  const free: number[] = []
  let size = 0

  return {
    get size() {
      return size
    },
    add(admitted, call) {
      const place = free.pop() ?? calls.length
      const entry: Entry = { admitted, call }
      calls[place] = entry
      size++
      return () => {
        if (calls[place] !== entry) return
        calls[place] = undefined
        free.push(place)
        size--
      }
    },
    end(kind, value, why) {
      const concerned = calls.filter((entry) => entry !== undefined).filter(({ admitted }) => concerns(admitted, kind, value))
      for (const { call } of concerned) call.end(why)
      return concerned.length
    },
  }
}

interface Entry {
  readonly admitted: Admitted
  readonly call: Endable
}

function concerns({ certificate, consumer, endpoint, provider }: Admitted, kind: LockoutKind, value: string): boolean {
  if (kind === 'certificate') return certificate.sha256 === value
  const is = ([ofKind, is]: Selected): boolean => ofKind === kind && is === value
  return senderSelectors(certificate.sha256, consumer).some(is) || providerSelectors(endpoint, provider).some(is)
}
