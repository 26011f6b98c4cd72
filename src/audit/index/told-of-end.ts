import { mayBeTold } from '../../spine/told-to-parties.ts'
import type { StoredEntry } from '../stored-entry.ts'
import type { ToldOfEnd } from './indexed.ts'

/** The records that end an exchange. */
type LastEntry = Extract<StoredEntry, { readonly type: 'outcome' | 'refused' }>

/** What the index holds of such a record for the parties; undefined where it tells nothing. A reason that is for operators alone stays in the log. */
export function toldOfEnd(entry: LastEntry): ToldOfEnd | undefined {
  const { verdict, reason, rule, origin, phases } = entry
  const told = reason !== undefined && (mayBeTold('consumer', rule, origin, reason) || mayBeTold('provider', rule, origin, reason))
  const certificate = entry.type === 'refused' && entry.organisations?.from === undefined ? entry.consumer.certificateSha256 : undefined
  const found: ToldOfEnd = {
    ...(verdict !== undefined && { verdict }),
    ...(told && { found: reason }),
    ...(Object.keys(phases).length > 0 && { phases: rounded(phases) }),
    ...(certificate !== undefined && { certificate }),
  }
  return Object.keys(found).length === 0 ? undefined : found
}

/** To the microsecond, as `Server-Timing` has them. */
function rounded(phases: Readonly<Record<string, number>>): Readonly<Record<string, number>> {
  return Object.fromEntries(Object.entries(phases).map(([name, milliseconds]) => [name, Math.round(milliseconds * 1000) / 1000]))
}
