import { parseArgs } from 'node:util'
import { type Scenario, scenarios } from './scenarios.ts'
import { type Subject, subjects } from './subjects/subject.ts'

/** What a run of the benchmark is to do. */
export interface BenchOptions {
  readonly scenarios: readonly Scenario[]
  readonly subjects: readonly Subject[]
  readonly rounds: number
  readonly json: boolean
  /** Processes of this proxy that take calls. */
  readonly workers: number
  /** Folder that CPU profiles of the Node subjects are written into. */
  readonly profile: string | undefined
}

/** How the benchmark is used. */
export const usage = `npm run bench -- [scenario …] [options]

Scenarios: ${scenarios.map(({ name, summary }) => `${name} (${summary})`).join('; ')}; all. Default: small.
  --rounds N         rounds, each of every subject in turn (5)
  --connections N    connections of the consumer (as the scenario has it); every subject may have as many to the provider, and at least 64
  --requests N       requests of a measured window (as the scenario has it)
  --subjects A,B     of ${subjects.map(({ name }) => name).join(', ')} (all that are installed)
  --workers N        processes of this proxy that take calls (1); their CPU time counts with that of the one that steers them, and their shares are printed
  --json             JSON on stdout in place of tables
  protection         a scene of its own: what a consumer feels of one far beyond its limit [--runs N] [--seconds N] [--json] [--profile DIR]
  refused            a scene of its own: CPU time of refused calls beside a bare node:https answer [--rounds N] [--requests N] [--kinds A,B] [--json] [--profile DIR]
  pace               a scene of its own: latency added at a constant rate, half and eight tenths of the capacity [--rounds N] [--seconds N] [--subjects A,B] [--json]
  handshakes         a scene of its own: full and resumed handshakes beside a bare node:https server and nginx [--rounds N] [--handshakes N] [--json] [--profile DIR]
  idle               a scene of its own: memory with idle connections beside a bare node:https server [--connections 1000,5000] [--json]
  --profile DIR      write CPU profiles of the Node subjects, and say where their time went; the figures are then not worth much
`

/** Reads the command line. Throws an `Error` whose message is fit for whoever typed it. */
export function benchOptions(args: readonly string[]): BenchOptions | 'help' {
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: {
      rounds: { type: 'string' },
      connections: { type: 'string' },
      requests: { type: 'string' },
      subjects: { type: 'string' },
      json: { type: 'boolean', default: false },
      profile: { type: 'string' },
      workers: { type: 'string' },
      help: { type: 'boolean', default: false },
    },
  })
  if (values.help) return 'help'
  const connections = countOf('connections', values.connections)
  const requests = countOf('requests', values.requests)
  return {
    scenarios: scenariosNamed(positionals.length === 0 ? ['small'] : positionals).map((one) => ({
      ...one,
      connections: connections ?? one.connections,
      requests: requests ?? one.requests,
    })),
    subjects: subjectsNamed(values.subjects?.split(',')),
    rounds: countOf('rounds', values.rounds) ?? 5,
    json: values.json,
    workers: countOf('workers', values.workers) ?? 1,
    profile: values.profile,
  }
}

function countOf(name: string, text: string | undefined): number | undefined {
  if (text === undefined) return undefined
  if (!/^[1-9]\d{0,6}$/.test(text)) throw new Error(`--${name} takes a number from 1 to 9999999, not "${text}"`)
  return Number(text)
}

function scenariosNamed(names: readonly string[]): readonly Scenario[] {
  if (names.includes('all')) return scenarios
  const unknown = names.find((name) => scenarios.every((one) => one.name !== name))
  if (unknown !== undefined) throw new Error(`there is no scenario "${unknown}"`)
  return scenarios.filter(({ name }) => names.includes(name))
}

/** All that are installed; whoever is asked for by name must be. */
function subjectsNamed(names: readonly string[] | undefined): readonly Subject[] {
  if (names === undefined) return subjects.filter((one) => one.installed())
  return names.map((name) => {
    const found = subjects.find((one) => one.name === name)
    if (found === undefined) throw new Error(`there is no subject "${name}"`)
    if (!found.installed()) throw new Error(`${found.title} is not installed`)
    return found
  })
}
