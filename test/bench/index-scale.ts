// `npm run index-scale`: the index of what happened at full size. See its usage below.
import { hash, randomBytes, randomUUID } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type IndexSettings, indexSettings } from '../../src/audit/index/index-settings.ts'
import type { IndexStore } from '../../src/audit/index/index-store.ts'
import { joinRecords } from '../../src/audit/index/join-records.ts'
import type { TailRecord } from '../../src/audit/index/log-tail.ts'
import { openIndexStore } from '../../src/audit/index/open-index-store.ts'
import type { ExchangeSearch } from '../../src/audit/index/search.ts'
import { interactions } from '../../src/spine/interaction-id.ts'
import type { Origin } from '../../src/spine/origin.ts'
import { sampleForwarding, sampleOutcome } from '../support/audit-entries.ts'
import { notInstalled, readOptions } from '../support/command-line.ts'
import { oneOf, whole } from '../support/option-kinds.ts'
import { findProgram } from '../support/outside-program.ts'
import { startPostgresServer } from '../support/postgres-server.ts'

const { values } = readOptions({
  command: 'npm run index-scale --',
  purpose:
    'Fills the index, joined as its thread joins records, and tells how fast it takes them in and how long a first page of 50 takes by each filter. An exchange is two\n' +
    'records of the log.',
  options: {
    // Fewer have no exchanges to be looked for.
    records: whole('records', { from: 1_000, to: 100_000_000, otherwise: 500_000 }),
    only: oneOf(['sqlite', 'postgres'], 'one store alone; a PostgreSQL server is started where it is installed'),
  },
  exits: { 0: 'it was measured', 69: 'PostgreSQL was asked for and is not installed' },
})
const { records } = values
const batchRecords = 4000
const days = 30
const day = 86_400_000
const start = Date.UTC(2026, 8, 20)
const known = [...interactions.keys()]
const pageRows = 51

/** The same sequence in every run: a small linear generator (Numerical Recipes' constants). */
function sequence(): () => number {
  let state = 1
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return state / 2 ** 32
  }
}

interface Sample {
  readonly exchange: string
  readonly traceId: string
  /** Keyed hash of an NHS number that it names. */
  readonly subject: string
}

/** Fills the index; a few exchanges come back, to be looked for. */
async function fill(store: IndexStore): Promise<{ readonly seconds: number; readonly samples: readonly Sample[] }> {
  const openings = new Map<string, number>()
  const random = sequence()
  const samples: Sample[] = []
  let spent = 0
  let next = 0
  while (next < records) {
    const batch: TailRecord[] = []
    for (; batch.length < batchRecords && next + batch.length < records; ) {
      const index = next + batch.length
      const { forwarding, outcome, patient } = made(random, start + Math.floor((index / records) * days * day))
      if (index % Math.floor(records / 50 / 2) < 2 && patient !== undefined)
        samples.push({ exchange: forwarding.exchange, traceId: forwarding.request.traceId ?? '', subject: patient })
      batch.push({ index, place: `000000000000:${index * 900}`, line: '', entry: forwarding })
      batch.push({ index: index + 1, place: `000000000000:${index * 900 + 600}`, line: '', entry: outcome })
    }
    const begun = performance.now()
    if (!(await store.add(joinRecords('bench/main', next, batch, openings)))) throw new Error('the index did not take a batch')
    spent += performance.now() - begun
    next += batch.length
    if (next % 500_000 === 0) process.stderr.write(`${next} records, ${Math.round(next / (spent / 1000))} a second\n`)
  }
  return { seconds: spent / 1000, samples }
}

/** One exchange: 2,000 systems, some far busier than others; one call in fifty fails; one in a thousand is slow; one in two names a patient of a million. */
function made(random: () => number, at: number) {
  const exchange = randomBytes(16).toString('hex')
  const from = Math.floor(random() ** 3 * 2000)
  const to = Math.floor(random() ** 2 * 6000)
  const fails = random() < 0.02
  const [status, origin, rule] = fails ? failures[Math.floor(random() * failures.length)]! : ([200, 'none', 'provider-exchange'] as const)
  const forwarding = sampleForwarding(exchange, {
    at,
    organisations: { from: `A${String(from).padStart(5, '0')}`, to: `B${String(to).padStart(5, '0')}` },
    request: {
      method: 'GET',
      traceId: randomUUID(),
      from: String(200_000_000_000 + from),
      to: String(900_000_000_000 + to),
      interaction: known[Math.floor(random() ** 2 * known.length)]!,
      redactedUrl: 'https://provider.thirdparty.nhs.uk/{root}/Patient',
    },
    personal: {},
  })
  const patient = random() < 0.5 ? subjectOf(Math.floor(random() * 1_000_000)) : undefined
  const total = random() < 0.001 ? 5000 + random() * 50_000 : 20 + random() * 400
  return {
    // As it stands in the log: the number is hashed, and what else names a person is sealed.
    forwarding: { ...forwarding, personal: { period: '2026-09', sealed: '', subjects: patient === undefined ? [] : [patient] } },
    patient,
    outcome: sampleOutcome(exchange, { at: at + Math.round(total), status, origin, rule, phases: { provider: total - 2, total } }),
  }
}

/** As a keyed hash looks. */
function subjectOf(patient: number): string {
  return hash('sha256', `patient ${patient}`, 'base64url').slice(0, 22)
}

const failures: readonly (readonly [number, Origin, string])[] = [
  [502, 'provider-network', 'provider-exchange'],
  [504, 'provider', 'provider-exchange'],
  [499, 'consumer-network', 'provider-exchange'],
  [404, 'provider', 'provider-exchange'],
]

/** Searches, each with the time that it may take. */
function searches({ exchange, traceId, subject }: Sample): readonly (readonly [string, ExchangeSearch, number])[] {
  const week = { since: start + 10 * day, until: start + 17 * day }
  const oneDay = { since: start + 12 * day, until: start + 13 * day }
  const rare = { asid: '200000001999' }
  const busy = { organisation: 'A00000' }
  return [
    ['exchange id', { exchange }, 20],
    ['trace id', { traceId }, 20],
    ['NHS number', { subjects: [subject] }, 200],
    ['rare ASID, week', { ...rare, ...week }, 200],
    ['busy ASID, week', { asid: '200000000000', ...week }, 200],
    ['busy organisation, week', { ...busy, ...week }, 200],
    ['interaction, week', { interaction: known.at(-1)!, ...week }, 200],
    ['rule, week', { rule: 'provider-exchange', ...week }, 200],
    ['rule that never decided, week', { rule: 'throttle', ...week }, 200],
    ['origin, week', { origin: 'provider-network', ...week }, 200],
    ['status 502, week', { status: 502, ...week }, 200],
    ['status 200, all time', { status: 200 }, 200],
    ['slower than 5 s, week', { slowerThanMs: 5000, ...week }, 200],
    ['slower than 500 ms, all time', { slowerThanMs: 500 }, 200],
    ['only a time range', week, 200],
    ['status 502 and busy organisation, day', { status: 502, ...busy, ...oneDay }, 200],
    ['rare ASID and status 200, day', { ...rare, status: 200, ...oneDay }, 200],
    ['interaction and origin, day', { interaction: known[0]!, origin: 'provider', ...oneDay }, 200],
    ['status 200 and slower than 5 s, day', { status: 200, slowerThanMs: 5000, ...oneDay }, 200],
    ['rule and status that never meet, day', { rule: 'provider-exchange', status: 403, ...oneDay }, 200],
    ['two that are common and seldom meet, day', { interaction: known[0]!, organisation: 'A01500', ...oneDay }, 200],
  ]
}

async function measure(name: string, settings: IndexSettings, dataDirectory: string): Promise<void> {
  const store = openIndexStore(settings, { dataDirectory, now: () => start + days * day })
  try {
    const { seconds, samples } = await fill(store)
    process.stdout.write(
      `\n${name}: ${records} records (${records / 2} exchanges) in ${seconds.toFixed(1)} s: ${Math.round(records / seconds)} records a second\n`,
    )
    const sample = samples[Math.floor(samples.length / 2)]!
    for (const [what, search, limit] of searches(sample)) {
      const times: number[] = []
      let rows = 0
      for (let round = 0; round < 5; round += 1) {
        const begun = performance.now()
        rows = (await store.search(search, pageRows)).length
        times.push(performance.now() - begun)
      }
      const [first = 0] = times
      const median = times.toSorted((a, b) => a - b)[2] ?? 0
      const verdict = first < limit ? 'ok' : 'TOO SLOW'
      process.stdout.write(
        `  ${what.padEnd(42)} first ${first.toFixed(1).padStart(7)} ms, median ${median.toFixed(1).padStart(7)} ms, ${String(rows).padStart(3)} rows, at most ${limit} ms: ${verdict}\n`,
      )
    }
  } finally {
    await store.close()
  }
}

const initdb = findProgram('initdb')
if (values.only === 'postgres' && initdb === undefined) notInstalled('PostgreSQL')
const folder = await mkdtemp(join(tmpdir(), 'index-scale-'))
try {
  if (values.only !== 'postgres') await measure('node:sqlite', indexSettings.parse({}), join(folder, 'sqlite'))
  if (values.only !== 'sqlite' && initdb === undefined) process.stdout.write('PostgreSQL is not installed\n')
  else if (values.only !== 'sqlite' && initdb !== undefined) {
    const server = await startPostgresServer(initdb)
    try {
      await measure('PostgreSQL', indexSettings.parse({ kind: 'postgres', postgres: server.settings }), join(folder, 'postgres'))
    } finally {
      await server.close()
    }
  }
} finally {
  await rm(folder, { recursive: true, force: true })
}
