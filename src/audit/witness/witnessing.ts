import { type AskedWitness, askWitness, NotCosigned } from './ask-witness.ts'
import { type Cosigned, readCosigned } from './cosigned-file.ts'

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
  /** Asks these from now on, and at once. */
  follow(witnesses: readonly TimedWitness[]): void
  /** Breaks off what is under way. */
  close(): Promise<void>
}

/** What it works with. */
export interface WitnessingParts {
  /** This machine's logs: names, and directories. */
  readonly logs: () => Promise<ReadonlyMap<string, string>>
  /** Monotonic ms. */
  readonly now: () => number
  /** Told of each time that a witness was asked for a log that has a checkpoint. */
  readonly told: (standing: WitnessStanding) => void
}

const lookMs = 500

/** Begins. Witnesses are asked side by side, the logs of each one after the other. */
export function startWitnessing(first: readonly TimedWitness[], { logs, now, told }: WitnessingParts): Witnessing {
  let witnesses = first
  /** By witness and log. */
  const standings = new Map<string, WitnessStanding>()
  /** When each witness is asked next. */
  const due = new Map<string, number>()
  const asking = new Map<string, Promise<void>>()
  const stop = new AbortController()

  const keyOf = (witness: TimedWitness, log: string): string => `${idOf(witness)} ${log}`
  function stand(witness: TimedWitness, log: string, cosigned: Cosigned | undefined, problem: NotCosigned | undefined): void {
    if (stop.signal.aborted) return
    const standing = { log, witness: witness.verifier.name, cosigned, problem }
    standings.set(keyOf(witness, log), standing)
    told(standing)
  }

  async function askOne(witness: TimedWitness, log: string, directory: string): Promise<NotCosigned | undefined> {
    const before = standings.get(keyOf(witness, log))
    const afresh = before === undefined || before.problem !== undefined
    try {
      const remark = (problem: NotCosigned): void =>
        told({ log, witness: witness.verifier.name, cosigned: readCosigned(directory, log, witness.verifier), problem })
      const cosigned = await askWitness({ log, directory, witness, afresh, stop: stop.signal, remark })
      if (cosigned !== undefined) stand(witness, log, cosigned, undefined)
      return undefined
    } catch (error) {
      const problem = problemOf(error)
      stand(witness, log, before?.cosigned ?? readCosigned(directory, log, witness.verifier), problem)
      return problem
    }
  }

  async function ask(witness: TimedWitness): Promise<void> {
    const all = await logs()
    forget((key) => key.startsWith(`${idOf(witness)} `) && !all.has(key.slice(idOf(witness).length + 1)))
    // One that is not cosigned for a reason of its own keeps no other waiting.
    const failing = (log: string): number => Number(standings.get(keyOf(witness, log))?.problem !== undefined)
    const inOrder = [...all].sort(([a], [b]) => failing(a) - failing(b))
    for (const [at, [log, directory]] of inOrder.entries()) {
      if (stop.signal.aborted) return
      const problem = await askOne(witness, log, directory)
      if (problem?.reason !== 'unreachable') continue
      // The others would wait as long for nothing.
      for (const [other, place] of inOrder.slice(at + 1)) stand(witness, other, readCosigned(place, other, witness.verifier), problem)
      return
    }
  }

  function forget(which: (key: string) => boolean): void {
    for (const key of standings.keys()) if (which(key)) standings.delete(key)
  }

  function look(): void {
    for (const witness of witnesses) {
      const id = idOf(witness)
      if (asking.has(id) || now() < (due.get(id) ?? 0)) continue
      due.set(id, now() + witness.everyMs)
      const asked = ask(witness)
        .catch((error: unknown) => stand(witness, '', undefined, problemOf(error)))
        .finally(() => asking.delete(id))
      asking.set(id, asked)
    }
  }

  look()
  const timer = setInterval(look, lookMs).unref()
  return {
    standings: () => [...standings.values()],
    follow(next) {
      witnesses = next
      const ids = new Set(next.map(idOf))
      forget((key) => !ids.has(key.split(' ')[0] ?? ''))
      due.clear()
      look()
    },
    async close() {
      clearInterval(timer)
      stop.abort()
      await Promise.all(asking.values())
    },
  }
}

function idOf({ verifier }: AskedWitness): string {
  return verifier.id.toString('hex')
}

function problemOf(error: unknown): NotCosigned {
  return error instanceof NotCosigned ? error : new NotCosigned('unproven', (error as Error).message, error)
}
