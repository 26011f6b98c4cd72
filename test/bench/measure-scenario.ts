import { setTimeout as pause } from 'node:timers/promises'
import { honestHeaders } from '../support/consumer.ts'
import type { Load } from './load/load.ts'
import type { LoadTarget } from './load/load-job.ts'
import type { OwnedProcess } from './owned-processes.ts'
import { cpuSecondsOf } from './process-cpu.ts'
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
const traceId = '@'

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
    for (const one of subjects) {
      const { cpu, requestsPerSecond, p50, p99 } = await window(scenario, one, load)
      const lone = await alone(scenario, throughTarget(scenario, one.running.port), load)
      turns.push({
        subject: one.subject.name,
        cpu,
        requestsPerSecond,
        loadedP50: p50 * 1000,
        loadedP99: p99 * 1000,
        addedP50: (lone.p50 - direct.p50) * 1000,
        addedP99: (lone.p99 - direct.p99) * 1000,
      })
    }
    progress(
      `${scenario.name}, round ${round} of ${rounds}: ${turns.map(({ subject, cpu }) => `${subject} ${cpu.toFixed(0)} µs`).join(', ')}`,
    )
    measured.push(turns)
  }
  return measured
}

/** Warms up, then measures a fixed number of requests. */
async function window(scenario: Scenario, { subject, running }: RunningSubject, load: Load) {
  try {
    await load.aim(throughTarget(scenario, running.port))
    await load.run(scenario.warmUp)
    await pause(settleMs)
    const before = cpuSecondsOf(running.pid)
    const { seconds, p50, p99 } = await load.run(scenario.requests)
    await pause(settleMs)
    const cpu = ((cpuSecondsOf(running.pid) - before) / scenario.requests) * 1e6
    await load.close()
    return { cpu, requestsPerSecond: scenario.requests / seconds, p50, p99 }
  } catch (error) {
    const reason = error instanceof Error ? error.message : 'unknown'
    throw new Error(`${subject.title}, ${scenario.name}: ${reason}\nIt last said: ${running.said()}`, { cause: error })
  }
}

/** One consumer, one request after the other. */
async function alone(scenario: Scenario, target: LoadTarget, load: Load) {
  await load.aim({ ...target, connections: 1 })
  await load.run(Math.min(loneWarmUp, scenario.latencyRequests))
  const result = await load.run(scenario.latencyRequests)
  await load.close()
  return result
}

function throughTarget(scenario: Scenario, port: number): LoadTarget {
  return targetOf(scenario, port, 'localhost', `/${scenario.url}`)
}

function directTarget(scenario: Scenario, port: number): LoadTarget {
  const { host, pathname, search } = new URL(scenario.url)
  return targetOf(scenario, port, host, pathname + search)
}

/** The token is made anew for each turn: it is valid for five minutes. */
function targetOf({ interaction, connections, fresh, answerBytes }: Scenario, port: number, servername: string, path: string): LoadTarget {
  const headers = { Host: servername, ...honestHeaders(interaction), 'Ssp-TraceID': traceId }
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`)
  const [before = '', after = ''] = `GET ${path} HTTP/1.1\r\n${lines.join('')}\r\n`.split(traceId)
  return { port, servername, connections, fresh, request: [before, after], answerBytes }
}
