import type { Handover } from './log-handover.ts'
import type { LogSigner } from './log-signer.ts'

/** Hands a log over to the machine's newest key. */
export interface KeyRotation {
  /** Looks whether there is another key than the one that signs. Never throws: what fails is tried again at the next look. */
  look(): void
}

/**
 * `last` is the verifier text of the key that signed the log so far; undefined for a new log. Where that key is gone, what is recorded is a handover that nobody
 * signed: the log goes on under the key that is there, and whoever verifies it is told. `record` resolves once the handover is on disk, under the
 * old key; from then on the new one signs.
 */
export function createKeyRotation(
  signer: LogSigner,
  last: string | undefined,
  record: (handover: Handover) => Promise<unknown>,
): KeyRotation {
  let lost = last === undefined || usable(last) ? undefined : last
  let busy = false

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
  return {
    look() {
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
    },
  }
}
