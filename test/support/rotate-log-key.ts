import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { makeNextLogKey } from '../../src/audit/log-key-files.ts'
import { openLogSigner } from '../../src/audit/log-signer.ts'
import { type NoteVerifier, readCheckpoint } from '../../src/audit/signed-note.ts'
import { entriesOf } from './audit-log-text.ts'
import { type HeldTrail, until } from './audit-trail-held.ts'

/** The log's records that hand it over to another key, in order. */
export function handoverEntries(directory: string): ReturnType<typeof entriesOf> {
  return entriesOf(directory).filter((entry) => entry.type === 'operation' && entry.act === 'log-key')
}

/** Makes the next key and lets seconds pass until the log has handed over to it and signed a checkpoint with it. */
export async function rotate(held: HeldTrail, dataDir: string): Promise<NoteVerifier> {
  const before = handoverEntries(held.directory).length
  makeNextLogKey(dataDir)
  const { verifier } = openLogSigner(dataDir, 'node1/main')
  const checkpoint = join(held.directory, 'checkpoint')
  await until(() => {
    held.second()
    const note = existsSync(checkpoint) ? readFileSync(checkpoint, 'utf8') : ''
    return handoverEntries(held.directory).length > before && typeof readCheckpoint(note, verifier) !== 'string'
  })
  return verifier
}
