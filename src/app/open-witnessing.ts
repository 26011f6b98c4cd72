import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { logDirectories } from '../audit/index/index-feeder.ts'
import { type NoteVerifier, readVerifier } from '../audit/signed-note.ts'
import { readCosigner } from '../audit/witness/cosignature.ts'
import { createWitness, type Witness } from '../audit/witness/witness.ts'
import type { WitnessSettings } from '../audit/witness/witness-settings.ts'
import { startWitnessing, type TimedWitness, type Witnessing } from '../audit/witness/witnessing.ts'
import type { Clock } from '../lib/clock.ts'
import type { Logger } from '../lib/logger.ts'
import type { Metrics } from '../metrics/metrics.ts'
import type { LoadedConfig } from './load-config.ts'
import type { Materials } from './materials.ts'
import { StartRefused } from './start-refused.ts'

/** Witnesses of this machine's logs, and this proxy as a witness of others'. */
export interface OpenWitnessing {
  /** This proxy as a witness, by the settings in force; undefined where it is none. */
  witness(): Witness | undefined
  /** What witnesses do not do that they should, a sentence each; names no person. */
  readonly degraded: readonly string[]
  /** The witnesses of these settings; throws `StartRefused` where a certificate that they are believed by cannot be read. */
  prepare(loaded: LoadedConfig): readonly TimedWitness[]
  /** Asks these from now on. */
  follow(witnesses: readonly TimedWitness[]): void
  close(): Promise<void>
}

/** What it is opened with. */
export interface WitnessingSurroundings {
  readonly dataDirectory: string
  readonly materials: () => Materials
  readonly clock: Clock
  readonly metrics: Metrics
  readonly logger: Logger
}

function witnessesOf({ config, baseDir }: LoadedConfig): readonly TimedWitness[] {
  return config.audit.witnesses.map((one, at) => timedWitness(one, baseDir, at))
}

function timedWitness({ url, verifier, anchors, everySeconds, timeoutMs }: WitnessSettings, baseDir: string, at: number): TimedWitness {
  try {
    const pems = anchors.map((file) => readFileSync(resolve(baseDir, file), 'utf8'))
    return { url, verifier: readCosigner(verifier) as NoteVerifier, anchors: pems, everyMs: everySeconds * 1000, timeoutMs }
  } catch (error) {
    throw new StartRefused(`audit.witnesses.${at}.anchors: ${(error as Error).message}`)
  }
}

/** Opens both, each as far as the settings ask for it. Throws like `prepare`, and what the witness's key or folder throws. */
export function openWitnessing({ dataDirectory, materials, clock, metrics, logger }: WitnessingSurroundings): OpenWitnessing {
  const loaded = () => materials().loaded
  let witnesses = witnessesOf(loaded())
  const failures = metrics.counter('ssp_witness_failures_total', 'Times that a witness did not cosign, by its name and why.', [
    'witness',
    'reason',
  ])
  const said = new Set<string>()
  const asking: Witnessing = startWitnessing({
    witnesses: () => witnesses,
    // Those of another name that the machine once had are written no more, and no witness may know them.
    logs: async () =>
      new Map([...(await logDirectories(dataDirectory))].filter(([log]) => log.startsWith(`${loaded().config.audit.node}/`))),
    now: clock.elapsed,
    failed(log, witness, { reason, message }) {
      failures.inc({ witness, reason })
      // Once until it cosigns again: the metric counts.
      if (said.has(`${log} ${witness} ${message}`)) return
      said.add(`${log} ${witness} ${message}`)
      const what = { log, witness, reason, problem: message }
      if (reason === 'contradicted') logger.error(what, 'a witness knows this log otherwise: find out who changed it')
      else logger.warn(what, 'a witness did not cosign a checkpoint; calls go on')
    },
  })
  const standings = () => asking.standings()
  metrics.gauge('ssp_witness_cosigned_records', 'Records of each log that each witness has cosigned.', ['log', 'witness'], (gauge) => {
    gauge.reset()
    for (const { log, witness, cosigned } of standings()) gauge.labels(log, witness).set(cosigned?.size ?? 0)
  })
  metrics.gauge('ssp_witness_cosigned_timestamp_seconds', 'When each witness last cosigned each log.', ['log', 'witness'], (gauge) => {
    gauge.reset()
    for (const { log, witness, cosigned } of standings()) gauge.labels(log, witness).set(cosigned?.seconds ?? 0)
  })
  const served = metrics.counter(
    'ssp_witness_submissions_total',
    'Checkpoints that logs have shown to this witness, by what became of them.',
    ['outcome'],
  )
  let witness: Witness | undefined
  function witnessInForce(): Witness | undefined {
    if (loaded().config.witness === undefined) return undefined
    witness ??= counted(createWitness(dataDirectory, () => termsOf(loaded()), clock))
    return witness
  }
  const counted = (one: Witness): Witness => ({
    ...one,
    async addCheckpoint(body) {
      const answer = await one.addCheckpoint(body)
      served.inc({ outcome: answer.outcome })
      if (answer.outcome === 'inconsistent')
        logger.error(
          { log: body.split('\n\n', 2)[1]?.split('\n')[0]?.slice(0, 200) },
          'a log that is witnessed here does not go on from what was cosigned of it',
        )
      return answer
    },
  })
  const first = witnessInForce()
  if (first !== undefined) logger.info({ verifier: first.verifierText() }, 'this proxy is a witness of others’ logs')
  return {
    witness: witnessInForce,
    get degraded() {
      const failing = standings().filter(({ problem }) => problem !== undefined)
      return failing.map(({ log, witness: name, problem }) => `witness: ${name} does not cosign ${log}: ${problem?.message}`)
    },
    prepare: witnessesOf,
    follow(next) {
      witnesses = next
    },
    close: () => asking.close(),
  }
}

const termsOf = (loaded: LoadedConfig) => {
  const { name = '', logs = [] } = loaded.config.witness ?? {}
  return { name, logs: logs.flatMap((text) => readVerifier(text) ?? []) }
}
