import { dailyCurve } from './day.ts'
import { diskTimes } from './lockouts.ts'
import { connections, limitOverPeak, providerTraits, troubled } from './nation.ts'
import { redisTimes } from './redis-model.ts'
import { storeTimes } from './shared-buckets-model.ts'

/** What the simulation takes for granted; printed with its figures, which are worth nothing without it. */
export function assumptions(peakPerSecond: number, secondsPerHour: number): readonly string[] {
  const troubles = Object.entries(troubled).map(([name, share]) => `${share * 100} % ${name}`)
  return [
    'The code of rows 14 and 15, of leases and of lockouts is the one of src, with its default settings; clock and timers are virtual, nothing is sent.',
    `Load: ${peakPerSecond} calls a second at the busiest hour, by the hour from seven ${dailyCurve.join(', ')} of that, as a Poisson process. Of each hour ${secondsPerHour} s are played at full load (scale: ${((secondsPerHour / 3_600) * 100).toFixed(1)} % of the day); what is learned stays over the gap, connections are made anew.`,
    'Consumers: shares by a power law with exponent 0.9 (the largest makes 5.7 % of all calls); 80 % of their calls go to providers of their own region, one of 42. Interactions are even.',
    `Connections: one for each ${connections.perSecond} calls a second, ${connections.fewest} at least, each to a node by chance; the abuser uses every node.`,
    `Limits: the default of 50/s, or ${limitOverPeak} times a consumer's calls at the busiest hour where that is more.`,
    `Providers: as many calls at a time as log-normal about ${providerTraits.meanWorkers} (${providerTraits.fewestWorkers} at least), first come, first served; an answer takes log-normal about ${providerTraits.meanMs} ms from provider to provider, and its logarithm varies by ${providerTraits.serviceSpread} from call to call. In trouble all day: ${troubles.join(', ')}.`,
    `Redis: each way log-normal about ${redisTimes.wayMs} ms, logarithm ${redisTimes.waySpread}; ${storeTimes.operationMs} ms an operation and ${storeTimes.bucketMs} ms a bucket; one at a time. It is never out of reach here: test/contract holds what happens then.`,
    `Lockouts: a busy node comes to a message after log-normal ${redisTimes.turnMs} ms, logarithm ${redisTimes.turnSpread}; a disk takes log-normal ${diskTimes.meanMs} ms; a delivery costs Redis ${redisTimes.deliveryMs} ms.`,
    "Times of calls are those of waiting and of the provider; the proxy's own work, TLS and audit are not in them. Fairness scenes leave row 14 out, which is harder.",
  ]
}
