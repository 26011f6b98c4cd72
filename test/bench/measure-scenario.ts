import { setTimeout as pause } from 'node:timers/promises'
import type { Load } from './load/load.ts'
import type { LoadTarget } from './load/load-job.ts'
import type { OwnedProcess } from './owned-processes.ts'
import { cpuSecondsOf, cpuSecondsOfChildren } from './process-cpu.ts'
import { directTarget, throughTarget } from './scenario-target.ts'
import type { Scenario } from './scenarios.ts'
import type { Subject, SubjectName } from './subjects/subject.ts'

/** A subject that runs. */
export interface RunningSubject {
  readonly subject: Subject
  readonly running: OwnedProcess
}

/** One subject's turn in one round. */
export interface Turn {
  readonly subject: SubjectName
  /** CPU time of the subject's processes for a request, in microseconds. */
  readonly cpu: number
  /** What each of its child processes took of their CPU time; none where there are no two. */
  readonly shares: readonly number[]
  readonly requestsPerSecond: number
  /** Microseconds to the last byte under the load of all connections: queueing, above all. */
  readonly loadedP50: number
  readonly loadedP99: number
  /** Microseconds that a lone consumer waits longer than without a proxy. */
  readonly addedP50: number
  readonly addedP99: number
}

/** Work that a subject still has behind the last answer, such as records to write, belongs to the window that caused it. */
const settleMs = 100
const loneWarmUp = 20

/** Measures every subject in turn, round after round: what disturbs the machine disturbs neighbours alike. Rejects at any wrong answer. */
export async function measureScenario(
  scenario: Scenario,
  subjects: readonly RunningSubject[],
  rounds: number,
  load: Load,
  providerPort: number,
  progress: (text: string) => void,
): Promise<readonly (readonly Turn[])[]> {
  for (const one of subjects) await window(scenario, one, load)
  const measured: (readonly Turn[])[] = []
  for (let round = 1; round <= rounds; round++) {
    const direct = await alone(scenario, directTarget(scenario, providerPort), load)
    const turns: Turn[] = []
    const told: string[] = []
    for (const one of subjects) {
      const { cpu, shares, requestsPerSecond, p50, p99 } = await window(scenario, one, load)
      const lone = await alone(scenario, throughTarget(scenario, one.running.port), load)
      told.push(`${one.subject.name} ${cpu.toFixed(0)} µs${sharesText(shares)}`)
      turns.push({
        subject: one.subject.name,
        cpu,
        shares,
        requestsPerSecond,
        loadedP50: p50 * 1000,
        loadedP99: p99 * 1000,
        addedP50: (lone.p50 - direct.p50) * 1000,
        addedP99: (lone.p99 - direct.p99) * 1000,
      })
    }
    progress(`${scenario.name}, round ${round} of ${rounds}: ${told.join(', ')}`)
    measured.push(turns)
  }
  return measured
}

/** Warms up, then measures a fixed number of requests. */
async function window(scenario: Scenario, { subject, running }: RunningSubject, load: Load) {
  try {
    await load.aim(throughTarget(scenario, running.port))
    if (scenario.warmUp > 0) await load.run(scenario.warmUp)
    await pause(settleMs)
    const before = cpuSecondsOf(running.pid)
    const childrenBefore = cpuSecondsOfChildren(running.pid)
    const { seconds, p50, p99 } = await load.run(scenario.requests)
    await pause(settleMs)
    const cpu = ((cpuSecondsOf(running.pid) - before) / scenario.requests) * 1e6
    const shares = sharesOf(childrenBefore, cpuSecondsOfChildren(running.pid))
    await load.close()
    return { cpu, shares, requestsPerSecond: scenario.requests / seconds, p50, p99 }
  } catch (error) {
    const reason = error instanceof Error ? error.message : 'unknown'
    throw new Error(`${subject.title}, ${scenario.name}: ${reason}\nIt last said: ${running.said()}`, { cause: error })
  }
}

function sharesOf(before: ReadonlyMap<number, number>, after: ReadonlyMap<number, number>): readonly number[] {
  const taken = [...after].map(([pid, seconds]) => seconds - (before.get(pid) ?? 0))
  const all = taken.reduce((sum, seconds) => sum + seconds, 0)
  return all > 0 && taken.length > 1 ? taken.map((seconds) => seconds / all) : []
}

function sharesText(shares: readonly number[]): string {
  return shares.length < 2 ? '' : ` (workers ${shares.map((share) => `${(share * 100).toFixed(0)} %`).join(' / ')})`
}

/** One consumer, one request after the other. */
async function alone(scenario: Scenario, target: LoadTarget, load: Load): Promise<{ readonly p50: number; readonly p99: number }> {
  if (scenario.latencyRequests === 0) return { p50: Number.NaN, p99: Number.NaN }
  await load.aim({ ...target, connections: 1 })
  await load.run(Math.min(loneWarmUp, scenario.latencyRequests))
  const result = await load.run(scenario.latencyRequests)
  await load.close()
  return result
}
