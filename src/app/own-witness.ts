import { type NoteVerifier, readVerifier } from '../audit/signed-note.ts'
import { createWitness, type Witness, type WitnessTerms } from '../audit/witness/witness.ts'
import type { Clock } from '../lib/clock.ts'
import type { Logger } from '../lib/logger.ts'
import type { Metrics } from '../metrics/metrics.ts'
import type { Config } from './config.ts'
import { StartRefused } from './start-refused.ts'

/** This proxy as a witness of others' logs. */
export interface OwnWitness {
  /** Undefined where the settings in force have it as none. */
  inForce(): Witness | undefined
  /** Makes ready what these settings ask for. Throws `StartRefused` where key or memory cannot be had. */
  prepare(config: Config): WitnessTerms | undefined
  follow(terms: WitnessTerms | undefined): void
  close(): void
}

/** What it works with. */
export interface OwnWitnessParts {
  readonly dataDirectory: string
  readonly clock: Clock
  readonly metrics: Metrics
  readonly logger: Logger
}

/** A log is named in the program's log at most once in so long for submissions that anybody can send. */
const namedAgainMs = 60_000

/** Makes it ready, with nothing in force yet. */
export function createOwnWitness({ dataDirectory, clock, metrics, logger }: OwnWitnessParts): OwnWitness {
  let terms: WitnessTerms | undefined
  let preparing: WitnessTerms | undefined
  let witness: Witness | undefined
  const served = metrics.counter(
    'ssp_witness_submissions_total',
    'Checkpoints that logs have shown to this witness, by what became of them.',
    ['outcome'],
  )
  const named = new Map<string, number>()

  function open(): Witness {
    const made = createWitness(dataDirectory, () => terms ?? preparing ?? { name: '', logs: new Map() }, clock)
    return {
      ...made,
      async addCheckpoint(body) {
        try {
          const answer = await made.addCheckpoint(body)
          served.inc({ outcome: answer.outcome })
          if (answer.outcome === 'inconsistent')
            logger.error({ log: answer.origin }, 'a log that is witnessed here has signed two histories; both are in the folder witness')
          if (answer.outcome === 'unproven' && answer.origin !== undefined) name(answer.origin)
          return answer
        } catch (error) {
          served.inc({ outcome: 'failed' })
          throw error
        }
      },
    }
  }

  function name(log: string): void {
    const now = clock.elapsed()
    if (now < (named.get(log) ?? 0)) return
    named.set(log, now + namedAgainMs)
    logger.warn({ log }, 'a checkpoint was shown to this witness without a proof that the log goes on from what was cosigned of it')
  }

  return {
    inForce: () => (terms === undefined ? undefined : witness),
    prepare({ witness: settings }) {
      if (settings === undefined) return undefined
      preparing = termsOf(settings)
      try {
        witness ??= open()
      } catch (error) {
        throw new StartRefused(`witness: ${(error as Error).message}`)
      }
      return preparing
    },
    follow(next) {
      const before = terms?.name
      terms = next
      if (next !== undefined && next.name !== before)
        logger.info({ verifier: witness?.verifierText() }, 'this proxy is a witness of others’ logs')
    },
    close: () => witness?.close(),
  }
}

function termsOf({ name, logs }: NonNullable<Config['witness']>): WitnessTerms {
  const keys = new Map<string, NoteVerifier[]>()
  for (const key of logs.flatMap((text) => readVerifier(text) ?? [])) keys.set(key.name, [...(keys.get(key.name) ?? []), key])
  return { name, logs: keys }
}
