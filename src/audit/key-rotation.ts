import type { AppendLog } from './append-log.ts'
import type { Handover } from './log-handover.ts'
import type { LogSigner } from './log-signer.ts'

/** Hands a log over to the machine's newest key. */
export interface KeyRotation {
  /** Looks whether there is another key than the one that signs. Never throws: what fails is tried again at the next look. */
  look(): void
  /** What is wrong with the key that signs, as of the last look; undefined where nothing is. */
  readonly fault: string | undefined
}

/**
 * The keys of this log, whose last one signs from now on. Where that key is gone, what is recorded is a handover that nobody signed: the log goes on under the key
 * that is there, and whoever verifies it is told. `record` resolves once the handover is on disk, under the old key; from then on the new one signs.
 */
export function createKeyRotation(
  signer: LogSigner,
  log: Pick<AppendLog, 'handovers' | 'firstKey' | 'name'>,
  record: (handover: Handover) => Promise<unknown>,
): KeyRotation {
  const last = log.handovers.at(-1)?.to ?? log.firstKey
  let lost = last === undefined || usable(last) ? undefined : last
  let busy = false
  let fault: string | undefined

  function usable(verifier: string): boolean {
    try {
      return signer.use(verifier)
    } catch {
      // A key that cannot be read signs nothing: the first write says so.
      return true
    }
  }
  function due(): Handover | undefined {
    if (lost !== undefined) return { from: lost, to: signer.verifierText, signature: '' }
    return signer.handover()
  }
  async function handOver(handover: Handover): Promise<void> {
    await record(handover)
    lost = undefined
    signer.use(handover.to)
  }
  function handOverWhereDue(): void {
    if (busy) return
    try {
      const handover = due()
      if (handover === undefined) return
      busy = true
      handOver(handover)
        .catch(() => {})
        .finally(() => {
          busy = false
        })
    } catch {
      // A folder or key that cannot be read now is looked at again.
    }
  }
  function faultNow(): string | undefined {
    const unsigned = lost !== undefined || log.handovers.at(-1)?.signature === ''
    return unsigned
      ? `the key of ${log.name} was lost, and the log goes on under another without the signature of the one before: nothing vouches for what follows to whoever holds an older verifier; give them the new one, and run ssp audit rotate-key to end this message`
      : signer.keyFault
  }
  return {
    look() {
      handOverWhereDue()
      fault = faultNow()
    },
    get fault() {
      return fault
    },
  }
}
