import { world } from '../support/start-world.ts'
import { answerBytes, largePath } from './answers.ts'

/** What is asked, how often, and over how many connections. */
export interface Scenario {
  readonly name: ScenarioName
  readonly summary: string
  readonly interaction: string
  /** The provider's URL, as the consumer has it behind the first slash. */
  readonly url: string
  readonly answerBytes: number
  /** A new connection, without resumption, for every request. */
  readonly fresh: boolean
  readonly connections: number
  readonly warmUp: number
  /** Requests of a measured window. */
  readonly requests: number
  /** Requests, one after the other, from which the added latency is told. */
  readonly latencyRequests: number
}

/** The scenarios by name. */
export type ScenarioName = 'small' | 'large' | 'handshake'

const patients = `${world.root}/Patient?identifier=https://fhir.nhs.uk/Id/nhs-number|9990000018`
const search = { interaction: world.searchPatient, url: patients, answerBytes: answerBytes.small }

/** Every scenario, in the order in which they are run. */
export const scenarios: readonly Scenario[] = [
  {
    name: 'small',
    summary: 'answers of 2.7 kB on kept connections',
    ...search,
    fresh: false,
    connections: 64,
    warmUp: 1_500,
    requests: 10_000,
    latencyRequests: 300,
  },
  {
    name: 'large',
    summary: 'answers of 1 MB on kept connections',
    interaction: 'urn:nhs:names:services:gpconnect:documents:fhir:rest:read:binary-1',
    url: `${world.root}${largePath}07a6483f-732b-461e-86b6-edb665c45510`,
    answerBytes: answerBytes.large,
    fresh: false,
    connections: 16,
    warmUp: 60,
    requests: 300,
    latencyRequests: 100,
  },
  {
    name: 'handshake',
    summary: 'answers of 2.7 kB, each on a new connection without resumption',
    ...search,
    fresh: true,
    connections: 16,
    warmUp: 150,
    requests: 600,
    latencyRequests: 200,
  },
]
