import { readFileSync, statSync } from 'node:fs'
import { realData } from '../support/real-data.ts'
import { world } from '../support/start-world.ts'
import { answerBytes, recordPath, sizedPath } from './answers.ts'
import type { ConnectionUse } from './load/load-job.ts'

/** What is asked, how often, and over how many connections. */
export interface Scenario {
  readonly name: string
  readonly summary: string
  readonly interaction: string
  readonly method: 'GET' | 'POST'
  /** The provider's URL, as the consumer has it behind the first slash. */
  readonly url: string
  readonly body?: string
  readonly answerBytes: number
  readonly connection: ConnectionUse
  readonly connections: number
  readonly warmUp: number
  /** Requests of a measured window. */
  readonly requests: number
  /** Requests, one after the other, from which the added latency is told; none where the scenario is about the bytes alone. */
  readonly latencyRequests: number
  /** The file of the real record, where the provider answers with it. */
  readonly record?: string
}

const gpConnect = 'urn:nhs:names:services:gpconnect:'
const search = {
  interaction: world.searchPatient,
  method: 'GET',
  url: `${world.root}/Patient?identifier=https://fhir.nhs.uk/Id/nhs-number|9990000018`,
  answerBytes: answerBytes.small,
} as const

/** The reading of one document of that many bytes. */
function document(bytes: number) {
  const interaction = `${gpConnect}documents:fhir:rest:read:binary-1`
  return { interaction, method: 'GET', url: `${world.root}${sizedPath}${bytes}`, answerBytes: bytes, connection: 'kept' } as const
}

/** Every scenario for which there is input, in the order in which they are run. */
export const scenarios: readonly Scenario[] = [
  {
    name: 'small',
    summary: 'answers of 2.7 kB on kept connections',
    ...search,
    ...{ connection: 'kept', connections: 64, warmUp: 1_500, requests: 10_000, latencyRequests: 300 },
  },
  ...record(),
  {
    name: 'large',
    summary: 'answers of 1 MB on kept connections',
    ...document(answerBytes.large),
    ...{ connections: 16, warmUp: 60, requests: 300, latencyRequests: 100 },
  },
  {
    name: 'document',
    summary: 'answers of 10 MB on kept connections',
    ...document(answerBytes.document),
    ...{ connections: 8, warmUp: 8, requests: 40, latencyRequests: 10 },
  },
  {
    name: 'gigabyte',
    summary: 'an answer of 1 GB',
    ...document(answerBytes.gigabyte),
    // A kept connection would be opened by a request of its own: another gigabyte.
    ...{ connection: 'new', connections: 1, warmUp: 0, requests: 1, latencyRequests: 0 },
  },
  {
    name: 'upload',
    summary: 'requests of 1 MB on kept connections, answers of 2.7 kB',
    interaction: `${gpConnect}fhir:rest:create:appointment-1`,
    method: 'POST',
    url: `${world.root}/Appointment`,
    body: JSON.stringify({ resourceType: 'Appointment', status: 'booked', comment: 'x'.repeat(999_940) }),
    answerBytes: answerBytes.small,
    ...{ connection: 'kept', connections: 16, warmUp: 60, requests: 300, latencyRequests: 100 },
  },
  {
    name: 'handshake',
    summary: 'answers of 2.7 kB, each on a new connection without resumption',
    ...search,
    ...{ connection: 'new', connections: 16, warmUp: 150, requests: 600, latencyRequests: 200 },
  },
  {
    name: 'resumed',
    summary: 'answers of 2.7 kB, each on a new connection that resumes a session',
    ...search,
    ...{ connection: 'resumed', connections: 16, warmUp: 150, requests: 600, latencyRequests: 200 },
  },
]

/** The reading of a real record, where the folder of real input has one. */
function record(): readonly Scenario[] {
  const file = realData('fhir/structured-record.stu3.json')
  const request = realData('fhir/get-structured-record.request.json')
  if (file === undefined || request === undefined) return []
  return [
    {
      name: 'record',
      summary: 'a real record of 655 kB on kept connections',
      interaction: `${gpConnect}fhir:operation:gpc.getstructuredrecord-1`,
      method: 'POST',
      url: `${world.root}${recordPath}`,
      body: readFileSync(request, 'utf8'),
      answerBytes: statSync(file).size,
      ...{ connection: 'kept', connections: 16, warmUp: 60, requests: 400, latencyRequests: 100 },
      record: file,
    },
  ]
}
