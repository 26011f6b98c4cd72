import { AppendLog } from './append-log.ts'
import type { AppendLogOptions } from './append-log-options.ts'
import { refuseStrangers } from './log-owner.ts'
import { findLogEnd } from './log-recovery.ts'
import { createOpenExchanges } from './open-exchanges.ts'

/** Finds where the log in the directory ends and begins a new segment there. Throws `LogDamaged`, also where the log is not its own key's; a disk that takes nothing is tried again. */
export async function openAppendLog(options: AppendLogOptions): Promise<AppendLog> {
  const open = createOpenExchanges()
  const end = await findLogEnd(options.files, options.directory, options.name, open)
  refuseStrangers(options.directory, end, options.signer)
  const log = new AppendLog(options, end, open)
  await log.retry()
  return log
}
