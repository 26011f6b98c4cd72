import type { Turn } from './measure-scenario.ts'
import type { Scenario } from './scenarios.ts'
import { type Spread, spreadOf } from './statistics.ts'
import type { SubjectName } from './subjects/subject.ts'

/** What the rounds of one scenario came to. */
export interface Summary {
  readonly scenario: Scenario
  readonly rounds: readonly (readonly Turn[])[]
  readonly subjects: readonly SubjectSummary[]
  /** This proxy's CPU time in that of each other subject. */
  readonly ratios: readonly Ratio[]
}

/** One subject's figures: median, least and most of the rounds. */
export type SubjectSummary = { readonly name: SubjectName } & { readonly [name in Figure]: Spread }

/** What of a turn is one number. */
type Figure = Exclude<keyof Turn, 'subject' | 'shares'>

/** This proxy beside another, round by round. */
export interface Ratio extends Spread {
  readonly to: SubjectName
  /** What is promised, and what is aimed at. */
  readonly atMost?: number
  readonly aim?: number
}

const goals: Readonly<Partial<Record<SubjectName, { readonly atMost: number; readonly aim: number }>>> = {
  undici: { atMost: 1.4, aim: 1.25 },
  'http-proxy': { atMost: 0.7, aim: 0.5 },
  nginx: { atMost: 4, aim: 3 },
  'nginx-deciding': { atMost: 1, aim: 0.5 },
}

/** Sums up the rounds. Ratios are taken within a round, whose turns are neighbours in time, and only then is their median taken. */
export function summarise(scenario: Scenario, rounds: readonly (readonly Turn[])[]): Summary {
  const names = rounds[0]?.map(({ subject }) => subject) ?? []
  const all = (name: SubjectName, figure: Figure): readonly number[] =>
    rounds.flatMap((turns) => turns.filter(({ subject }) => subject === name).map((turn) => turn[figure]))
  const subjects = names.map((name) => ({
    name,
    cpu: spreadOf(all(name, 'cpu')),
    requestsPerSecond: spreadOf(all(name, 'requestsPerSecond')),
    loadedP50: spreadOf(all(name, 'loadedP50')),
    loadedP99: spreadOf(all(name, 'loadedP99')),
    addedP50: spreadOf(all(name, 'addedP50')),
    addedP99: spreadOf(all(name, 'addedP99')),
  }))
  const ours = all('this-proxy', 'cpu')
  const others = ours.length === 0 ? [] : names.filter((name) => name !== 'this-proxy')
  const ratios = others.map((to) => {
    const theirs = all(to, 'cpu')
    const spread = spreadOf(ours.map((cpu, round) => cpu / (theirs[round] ?? Number.NaN)))
    // The goals are for the everyday case; of the others the figures are reported.
    return { to, ...spread, ...(scenario.name === 'small' ? goals[to] : {}) }
  })
  return { scenario, rounds, subjects, ratios }
}
