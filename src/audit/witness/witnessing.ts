import { type AskedWitness, askWitness, NotCosigned } from './ask-witness.ts'
import type { Cosigned } from './cosigned-file.ts'

/** A witness and how often it is asked. */
export interface TimedWitness extends AskedWitness {
  readonly everyMs: number
}

/** How a log stands with a witness. */
export interface WitnessStanding {
  readonly log: string
  /** The witness's name. */
  readonly witness: string
  /** What it has cosigned; undefined before the first. */
  readonly cosigned: Cosigned | undefined
  /** Why it did not the last time; undefined where it did. */
  readonly problem: NotCosigned | undefined
}

/** Shows this machine's logs to witnesses, beside the calls. */
export interface Witnessing {
  standings(): readonly WitnessStanding[]
  close(): Promise<void>
}

/** What it works with. Witnesses are asked for at each look, so that new settings count from then on. */
export interface WitnessingParts {
  readonly witnesses: () => readonly TimedWitness[]
  /** This machine's logs: names, and directories. */
  readonly logs: () => Promise<ReadonlyMap<string, string>>
  /** Monotonic ms. */
  readonly now: () => number
  /** Told of each time that a witness did not cosign. */
  readonly failed: (log: string, witness: string, problem: NotCosigned) => void
}

const lookMs = 500

/** Begins. Witnesses are asked side by side, the logs of each one after the other. */
export function startWitnessing({ witnesses, logs, now, failed }: WitnessingParts): Witnessing {
  const standings = new Map<string, WitnessStanding>()
  /** When each witness is asked next. */
  const due = new Map<string, number>()
  const asking = new Map<string, Promise<void>>()
  let closing = false

  async function ask(witness: TimedWitness): Promise<void> {
    for (const [log, directory] of await logs()) {
      if (closing) return
      const key = `${idOf(witness)} ${log}`
      const before = standings.get(key)
      const standing = { log, witness: witness.verifier.name }
      try {
        const cosigned = await askWitness(directory, witness, before?.cosigned === undefined)
        if (cosigned !== undefined) standings.set(key, { ...standing, cosigned, problem: undefined })
      } catch (error) {
        const problem = error instanceof NotCosigned ? error : new NotCosigned('unproven', (error as Error).message, error)
        standings.set(key, { ...standing, cosigned: before?.cosigned, problem })
        failed(log, witness.verifier.name, problem)
        // The others would wait as long for nothing.
        if (problem.reason === 'unreachable') return
      }
    }
  }

  function look(): void {
    const inForce = witnesses()
    const ids = new Set(inForce.map(idOf))
    for (const key of standings.keys()) if (!ids.has(key.split(' ')[0] ?? '')) standings.delete(key)
    for (const witness of inForce) {
      const id = idOf(witness)
      if (asking.has(id) || now() < (due.get(id) ?? 0)) continue
      due.set(id, now() + witness.everyMs)
      const asked = ask(witness)
        .catch(() => undefined)
        .finally(() => asking.delete(id))
      asking.set(id, asked)
    }
  }

  look()
  const timer = setInterval(look, lookMs).unref()
  return {
    standings: () => [...standings.values()],
    async close() {
      closing = true
      clearInterval(timer)
      await Promise.all(asking.values())
    },
  }
}

function idOf({ verifier }: AskedWitness): string {
  return verifier.id.toString('hex')
}
