import { join } from 'node:path'
import { setImmediate } from 'node:timers/promises'
import type { Clock } from '../lib/clock.ts'
import type { AppendLog } from './append-log.ts'
import type { AuditSettings } from './audit-settings.ts'
import { type AuditTrail, AuditUnavailable, type Receipt } from './audit-trail.ts'
import { type Checkpoints, createCheckpoints } from './checkpoints.ts'
import type { Claim } from './claim.ts'
import { openDueTimes } from './due-times.ts'
import type { AuditEntry, OutcomeEntry } from './entry.ts'
import { createFreeSpace, type FreeSpace } from './free-space.ts'
import { interruptedOutcome } from './interrupted-outcome.ts'
import { createKeyRotation, type KeyRotation } from './key-rotation.ts'
import { logDirectory } from './log-directories.ts'
import { diskFiles, type LogFiles } from './log-file.ts'
import { handoverAct } from './log-handover.ts'
import { lockLog } from './log-lock.ts'
import { openLogSigner } from './log-signer.ts'
import { openAppendLog } from './open-append-log.ts'
import { openPeriodKeys, type PeriodKeys } from './period-keys.ts'
import { privateDirectory, requirePrivateContents } from './private-modes.ts'
import { createRefusalRecorder } from './refusal-recorder.ts'
import { createRetention, type Retention } from './retention.ts'
import { mendOffThread } from './tiles/mend-off-thread.ts'
import { createTileWriter, type TileWriter } from './tiles/tile-writer.ts'

/** What the trail is opened with besides its settings. */
export interface TrailSurroundings {
  readonly clock: Clock
  /** Its settings as they are now, but for `node`; without this, those that it is opened with. */
  readonly inForce?: () => AuditSettings
  /** Tells the logs of one machine's processes apart: letters, digits and `_`. Default `main`. */
  readonly worker?: string
  /** Default: the machine's own disk. */
  readonly files?: LogFiles
  /** Told what the program's log should say, in a sentence. Default: nobody. */
  readonly tell?: (message: string) => void
  /** Calls `act` every so many milliseconds until the returned function is called. Default: a timer that keeps no process alive. */
  readonly every?: (milliseconds: number, act: () => void) => () => void
}

function everyTimer(milliseconds: number, act: () => void): () => void {
  const timer = setInterval(act, milliseconds).unref()
  return () => clearInterval(timer)
}

async function makeDirectories(files: LogFiles, dataDir: string, log: string): Promise<string> {
  const root = join(dataDir, 'audit')
  const directory = logDirectory(dataDir, log)
  for (const path of [dataDir, root, directory]) privateDirectory(path)
  await files.sync(dataDir)
  await files.sync(root)
  return directory
}

/**
 * Opens this process's log `node/worker` in `dataDir/audit`, makes sure that nobody else writes it or can read it, and closes the exchanges
 * that the last run left open with an `interrupted` outcome. Rejects with `NotPrivate`, `LogLocked` or `LogDamaged`; a disk that takes no
 * write is no reason to reject: `health` says so, and it is tried again each second.
 */
export async function openAuditTrail(first: AuditSettings, dataDir: string, surroundings: TrailSurroundings): Promise<AuditTrail> {
  const { clock, worker = 'main', files = diskFiles, every = everyTimer, tell = () => {} } = surroundings
  if (!/^\w{1,32}$/.test(worker)) throw new RangeError(`a worker's name must be letters, digits and _, up to 32: ${JSON.stringify(worker)}`)
  const settings = surroundings.inForce ?? (() => first)
  const name = `${first.node}/${worker}`
  const directory = await makeDirectories(files, dataDir, name)
  const unlock = lockLog(directory)
  try {
    requirePrivateContents(directory)
    const signer = openLogSigner(dataDir, name)
    const keys = openPeriodKeys(dataDir)
    const tiles = createTileWriter({ directory, clock, mend: mendOffThread })
    const log = await openAppendLog({ name, directory, writing: settings, clock, files, keys, signer, written: tiles.take })
    void tiles.follow(log.tree)
    const space = createFreeSpace(files, directory)
    await space.refresh()
    for (const exchange of log.openExchanges) log.append(interruptedOutcome(exchange, clock.now()), 'kept').catch(() => {})
    const retention = createRetention(
      keys,
      () => settings().retentionMonths,
      clock,
      openDueTimes(dataDir),
      (periods) => {
        const detail = { periods: periods.join(' ') }
        return log.append({ v: 1, type: 'operation', at: clock.now(), actor: 'process', act: 'retention', detail }, 'awaited')
      },
    )
    const rotation = createKeyRotation(signer, log, ({ ...detail }) =>
      log.append({ v: 1, type: 'operation', at: clock.now(), actor: 'process', act: handoverAct, detail }, 'awaited'),
    )
    rotation.look()
    const checkpoints = createCheckpoints(directory, log, signer, tiles, tell)
    return recordInto(settings, { retention, rotation, log, keys, tiles, checkpoints, space, clock, every, tell, unlock })
  } catch (error) {
    unlock()
    throw error
  }
}

interface Parts extends Required<Pick<TrailSurroundings, 'clock' | 'every' | 'tell'>> {
  readonly retention: Retention
  readonly rotation: KeyRotation
  readonly log: AppendLog
  readonly keys: Pick<PeriodKeys, 'look' | 'fault'>
  readonly tiles: TileWriter
  readonly checkpoints: Checkpoints
  readonly space: FreeSpace
  readonly unlock: () => void
}

function recordInto(settings: () => AuditSettings, parts: Parts): AuditTrail {
  const { retention, rotation, log, keys, tiles, checkpoints, space, clock, every, tell, unlock } = parts
  /** What is known of each exchange whose outcome is not queued: an outcome that comes first waits for its forwarding entry. */
  const exchanges = new Map<string, 'being written' | 'open' | OutcomeEntry>()
  const reserve = (): number => settings().reserveBytes
  const halfReserve = (): number => reserve() / 2
  const refusals = createRefusalRecorder(settings, log, () => !space.below(reserve()), clock)
  let open = 0
  let closing: Promise<void> | undefined

  function lack(least: number): string | undefined {
    if (closing !== undefined) return 'it is closed'
    return log.down ?? (space.below(least) ? `less than ${least} bytes of the disk are free` : undefined)
  }
  async function refuse(reason: string): Promise<never> {
    throw new AuditUnavailable(`the audit log takes no record: ${reason}`)
  }
  /** Behind the refused calls whose records wait to be made. */
  function append(entry: AuditEntry, claim: Claim): Promise<Receipt> {
    refusals.write()
    return log.append(entry, claim)
  }
  function writeOutcome(entry: OutcomeEntry): void {
    // Rejected only when the process ends first: the next start then closes the exchange as interrupted.
    append(entry, 'kept').catch(() => {})
  }
  const stop = every(1000, () => {
    void space.refresh()
    void log.retry()
    rotation.look()
    void checkpoints.follow(log.tree)
    retention.look()
    keys.look(clock.now(), tell)
    refusals.write()
    if (!space.below(reserve()) && log.down === undefined) refusals.flush('dispensable')
  })

  return {
    forwarding: (entry) => {
      const { exchange } = entry
      const reason = exchanges.has(exchange) ? `the exchange ${exchange} is already recorded` : lack(halfReserve())
      if (reason !== undefined) return refuse(reason)
      exchanges.set(exchange, 'being written')
      return append(entry, 'awaited').then(
        (receipt): Receipt => {
          const known = exchanges.get(exchange)
          if (typeof known === 'object') {
            exchanges.delete(exchange)
            writeOutcome(known)
          } else {
            exchanges.set(exchange, 'open')
            open += 1
          }
          return receipt
        },
        (error: unknown) => {
          exchanges.delete(exchange)
          throw error
        },
      )
    },
    outcome: (entry) => {
      const known = exchanges.get(entry.exchange)
      if (known === 'being written') exchanges.set(entry.exchange, entry)
      // Without a forwarding entry nothing was forwarded, and a second outcome would contradict the first.
      if (known !== 'open') return
      exchanges.delete(entry.exchange)
      open -= 1
      writeOutcome(entry)
    },
    refused: (call, floodable) => refusals.record(call, floodable),
    operation: async (entry) => {
      const reason = lack(reserve())
      if (reason !== undefined) return refuse(reason)
      return append(entry, 'awaited')
    },
    get health() {
      const reason = lack(halfReserve())
      return reason === undefined ? { writable: true } : { writable: false, reason }
    },
    get proofs() {
      return {
        checkpointFailures: checkpoints.failures,
        checkpointFault: checkpoints.fault,
        keyFault: rotation.fault,
        sealingFault: keys.fault,
      }
    },
    get open() {
      return open
    },
    close: () => {
      closing ??= (async () => {
        stop()
        refusals.write()
        await setImmediate()
        refusals.flush('kept')
        await log.close()
        await checkpoints.follow(log.tree)
        await tiles.close()
        unlock()
      })()
      return closing
    },
  }
}
