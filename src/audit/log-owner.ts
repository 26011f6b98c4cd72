import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { replaceFile } from '../lib/replace-file.ts'
import { LogDamaged, type LogEnd } from './log-recovery.ts'
import type { LogSigner } from './log-signer.ts'
import { readVerifier } from './signed-note.ts'
import { whereThere } from './tiles/tile-files.ts'

function pathOf(directory: string): string {
  return join(directory, 'verifier')
}

/** The verifier text beside the log; undefined where none is there, or nothing that is one. */
function verifierBeside(directory: string): string | undefined {
  const text = whereThere(() => readFileSync(pathOf(directory), 'utf8'))?.trim()
  return text === undefined || readVerifier(text) === undefined ? undefined : text
}

/**
 * The verifier text of the key that signed the log first, or will, which then stands beside it, too: there an auditor finds what to verify with, wherever a copy of the directory
 * goes. Rejects where no key can be made, or the disk does not take the file.
 */
export async function beginningKey(directory: string, { firstKey }: Pick<LogEnd, 'firstKey'>, signer: LogSigner): Promise<string> {
  const beside = verifierBeside(directory)
  const key = firstKey ?? beside ?? signer.verifierText
  if (beside === undefined) await replaceFile(pathOf(directory), `${key}\n`)
  return key
}

function isThere(verifier: string, signer: LogSigner): boolean {
  try {
    return signer.use(verifier)
  } catch {
    // One that cannot be read now may be the one: the first write says so.
    return true
  }
}

/**
 * Throws `LogDamaged` where the verifier beside the log is another than the log itself names: to go on would record that a key handed over which never signed it. The same
 * where a log that holds no record yet is a key's that is not there.
 */
export function refuseStrangers(directory: string, { firstKey, next }: Pick<LogEnd, 'firstKey' | 'next'>, signer: LogSigner): void {
  const beside = verifierBeside(directory)
  if (beside === undefined) return
  if (firstKey !== undefined && beside !== firstKey)
    throw new LogDamaged(
      `${pathOf(directory)} was exchanged: it names the key ${beside}, and the log is that of ${firstKey}. Keep a copy of the file, and remove it; the log knows whose it is`,
    )
  if (firstKey === undefined && next === 0 && !isThere(beside, signer))
    throw new LogDamaged(
      `${pathOf(directory)} names the key ${beside}, which is not there, and the log holds no record. Put the log or its key back; or keep a copy of the folder, and remove the file, to begin a log`,
    )
}
