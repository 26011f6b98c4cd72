import { notInstalled, readOptions } from '../support/command-line.ts'
import { flag, someOf, text, whole } from '../support/option-kinds.ts'
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

/** What is measured in a way of its own has options of its own. */
const scenes = [
  'Scenes of their own, each with --help: report (all that is published), idle (memory with idle connections), pace (latency added at a constant rate),',
  'handshakes (handshakes alone), refused (refused calls), protection (what a consumer feels of one far beyond its limit).',
]

/** Reads the command line, and ends the process where there is nothing to run. */
export function benchOptions(args: readonly string[]): BenchOptions {
  const { values, words } = readOptions(
    {
      command: 'npm run bench --',
      purpose:
        'Measures this proxy beside others: CPU time a request and throughput, mutual TLS on both legs, every subject in turn in each round. Medians of the rounds, with\n' +
        'least and most; ratios are taken within a round.',
      words: {
        shape: '[scenario …]',
        says: ['Scenarios, small unless told, or all:', ...scenarios.map(({ name, summary }) => `  ${name}: ${summary}`), '', ...scenes],
        known: ['all', ...scenarios.map(({ name }) => name)],
      },
      options: {
        rounds: whole('rounds, each of every subject in turn', { otherwise: 5, to: 1000 }),
        connections: whole('connections of the consumer; every subject may have as many to the provider, and at least 64', {
          otherwiseSaid: 'as the scenario has it',
          to: 5000,
        }),
        requests: whole('requests of a measured window', { otherwiseSaid: 'as the scenario has it', to: 10_000_000 }),
        subjects: someOf(
          subjects.map(({ name }) => name),
          `of ${subjects.map(({ name }) => name).join(', ')}`,
          'all that are installed',
        ),
        workers: whole('processes of this proxy that take calls; their CPU time counts with that of the one that steers them', {
          otherwise: 1,
          to: 64,
        }),
        json: flag('JSON on stdout in place of tables'),
        profile: text(
          'DIR',
          'write CPU profiles of the Node subjects there, and say where their time went; the figures are then not worth much',
        ),
      },
      exits: {
        0: 'it was measured',
        1: 'a subject did not start, or gave a wrong answer',
        69: 'a subject that was asked for is not installed',
      },
    },
    args,
  )
  const named = words.length === 0 ? ['small'] : words
  const { connections, requests, subjects: asked, ...rest } = values
  return {
    ...rest,
    scenarios: scenarios
      .filter(({ name }) => named.includes('all') || named.includes(name))
      .map((one) => ({ ...one, connections: connections ?? one.connections, requests: requests ?? one.requests })),
    subjects: installedSubjects(asked),
  }
}

/** All that are installed. Whoever is asked for by name must be: else the process ends. */
export function installedSubjects(names: readonly string[] | undefined): readonly Subject[] {
  const chosen = names === undefined ? subjects : subjects.filter(({ name }) => names.includes(name))
  const missing = chosen.filter((one) => !one.installed())
  if (names !== undefined && missing.length > 0) notInstalled(...missing.map(({ title }) => title))
  return chosen.filter((one) => !missing.includes(one))
}
