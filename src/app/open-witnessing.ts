import { X509Certificate } from 'node:crypto'
import { resolve } from 'node:path'
import { logDirectories } from '../audit/log-directories.ts'
import { openLogKeyFiles } from '../audit/log-key-files.ts'
import { type NoteVerifier, verifierText } from '../audit/signed-note.ts'
import { readCosigner } from '../audit/witness/cosignature.ts'
import type { Witness, WitnessTerms } from '../audit/witness/witness.ts'
import type { WitnessSettings } from '../audit/witness/witness-settings.ts'
import { startWitnessing, type TimedWitness, type WitnessStanding } from '../audit/witness/witnessing.ts'
import { readOrdinaryFileSync } from '../lib/read-ordinary-file.ts'
import type { LoadedConfig } from './load-config.ts'
import type { Materials } from './materials.ts'
import { createOwnWitness, type OwnWitnessParts } from './own-witness.ts'
import { StartRefused } from './start-refused.ts'

/** What settings ask for, ready to be followed. */
export interface PreparedWitnessing {
  readonly witnesses: readonly TimedWitness[]
  readonly own: WitnessTerms | undefined
}

/** Witnesses of this machine's logs, and this proxy as a witness of others'. */
export interface OpenWitnessing {
  /** This proxy as a witness, by the settings in force; undefined where it is none. */
  witness(): Witness | undefined
  /** What witnesses do not do that they should, a sentence each; whoever can reach the port reads them. */
  readonly degraded: readonly string[]
  /** Throws `StartRefused` where a certificate cannot be read, or the witness's own key or memory cannot be had. */
  prepare(loaded: LoadedConfig): PreparedWitnessing
  /** Goes by this from now on. */
  follow(prepared: PreparedWitnessing): void
  close(): Promise<void>
}

/** What it is opened with. */
export interface WitnessingSurroundings extends OwnWitnessParts {
  readonly materials: () => Materials
}

/** Opens both, each as far as the settings ask for it. Throws like `prepare`. */
export function openWitnessing(surroundings: WitnessingSurroundings): OpenWitnessing {
  const { dataDirectory, materials, clock, metrics, logger } = surroundings
  const loaded = () => materials().loaded
  const own = createOwnWitness(surroundings)
  const failures = metrics.counter('ssp_witness_failures_total', 'Times that a witness did not cosign, by its name and why.', [
    'witness',
    'reason',
  ])
  /** Why a log was not cosigned the last time: it is told again where that changes. */
  const said = new Map<string, string>()

  function told({ log, witness, problem }: WitnessStanding): void {
    const key = `${log} ${witness}`
    if (problem === undefined) return void said.delete(key)
    const { reason, message } = problem
    failures.inc({ witness, reason })
    if (said.get(key) === reason) return
    said.set(key, reason)
    const what = { log, witness, reason, problem: message }
    if (reason === 'contradicted') logger.error(what, 'a witness knows this log otherwise: find out who changed it')
    else if (reason === 'rolled-back') logger.error(what, 'a witness has forgotten what it cosigned: tell its operator')
    else if (reason === 'refused')
      logger.warn({ ...what, verifier: currentVerifier(log) }, 'a witness does not cosign this log; calls go on')
    else logger.warn(what, 'a witness did not cosign a checkpoint; calls go on')
  }

  /** What the witness's operator needs where a key has changed. */
  function currentVerifier(log: string): string | undefined {
    try {
      return verifierText(openLogKeyFiles(dataDirectory, log).newest().verifier)
    } catch {
      return undefined
    }
  }

  const prepare = (next: LoadedConfig): PreparedWitnessing => ({ witnesses: witnessesOf(next), own: own.prepare(next.config) })
  const first = prepare(loaded())
  own.follow(first.own)
  const asking = startWitnessing(first.witnesses, {
    // Those of another name that the machine once had are written no more, and no witness may know them.
    logs: async () => new Map([...logDirectories(dataDirectory)].filter(([log]) => log.startsWith(`${loaded().config.audit.node}/`))),
    now: clock.elapsed,
    told,
  })
  metrics.gauge('ssp_witness_cosigned_records', 'Records of each log that each witness has cosigned.', ['log', 'witness'], (gauge) => {
    gauge.reset()
    for (const { log, witness, cosigned } of asking.standings()) gauge.labels(log, witness).set(cosigned?.size ?? 0)
  })
  metrics.gauge('ssp_witness_cosigned_timestamp_seconds', 'When each witness last cosigned each log.', ['log', 'witness'], (gauge) => {
    gauge.reset()
    for (const { log, witness, cosigned } of asking.standings()) gauge.labels(log, witness).set(cosigned?.seconds ?? 0)
  })
  return {
    witness: own.inForce,
    get degraded() {
      const unread =
        own
          .inForce()
          ?.witnessed()
          .filter((one) => 'problem' in one) ?? []
      const failing = asking.standings().filter(({ problem }) => problem !== undefined)
      return [
        ...failing.map(
          ({ log, witness, problem }) => `witness: ${witness} does not cosign ${log === '' ? 'any log' : log}: ${problem?.reason}`,
        ),
        ...(unread.length === 0 ? [] : [`witness: of ${unread.length} logs that are witnessed here it cannot be read what was cosigned`]),
      ]
    },
    prepare,
    follow(next) {
      own.follow(next.own)
      asking.follow(next.witnesses)
    },
    close: async () => {
      await asking.close()
      own.close()
    },
  }
}

function witnessesOf({ config, baseDir }: LoadedConfig): readonly TimedWitness[] {
  return config.audit.witnesses.map((one, at) => timedWitness(one, baseDir, at))
}

function timedWitness({ url, verifier, anchors, everySeconds, timeoutMs }: WitnessSettings, baseDir: string, at: number): TimedWitness {
  try {
    const pems = anchors.map((file) => readOrdinaryFileSync(resolve(baseDir, file)))
    for (const pem of pems) new X509Certificate(pem)
    return { url, verifier: readCosigner(verifier) as NoteVerifier, anchors: pems, everyMs: everySeconds * 1000, timeoutMs }
  } catch (error) {
    throw new StartRefused(`audit.witnesses.${at}.anchors: ${(error as Error).message}`)
  }
}
