import { createHash, createPrivateKey, createPublicKey, generateKeyPairSync, type KeyObject, sign, verify } from 'node:crypto'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { derived } from '../lib/derived.ts'
import { type LockoutRecord, signedBytes } from './lockout-record.ts'
import type { LockoutSettings } from './lockout-settings.ts'
import { type Lockout, LockoutsUnreadable } from './lockouts.ts'

/** Signs and verifies what is kept and sent about lockouts (Ed25519, RFC 8032). */
export interface LockoutSigning {
  /** The first 16 hex digits of the SHA-256 of the public key that is signed with. */
  readonly keyId: string
  sign(lockout: Lockout): LockoutRecord
  /** Whether a key that counts signed exactly this. */
  isGenuine(record: LockoutRecord): boolean
  /** A signature over other bytes, for the file as a whole. */
  seal(bytes: Buffer): LockoutRecord['signature']
  isSealed(bytes: Buffer, signature: LockoutRecord['signature']): boolean
}

/** The key of the settings or, where they name none, that of the data directory, made (mode 0600) where it is missing; besides it `verificationKeys` count, asked for anew each time. Throws `LockoutsUnreadable`. */
export function openLockoutSigning(
  { signingKey }: Pick<LockoutSettings, 'signingKey'>,
  dataDirectory: string,
  verificationKeys: () => LockoutSettings['verificationKeys'],
): LockoutSigning {
  const own = signingKey === undefined ? keptKey(join(dataDirectory, 'lockouts.key')) : createPrivateKey(signingKey)
  const keys = derived(verificationKeys, (pems) => {
    const all = [createPublicKey(own), ...pems.map((pem) => createPublicKey(pem))]
    return new Map<string, KeyObject>(all.map((key) => [idOf(key), key]))
  })
  const keyId = idOf(createPublicKey(own))

  function seal(bytes: Buffer): LockoutRecord['signature'] {
    return { key: keyId, value: sign(null, bytes, own).toString('base64') }
  }
  function isSealed(bytes: Buffer, { key, value }: LockoutRecord['signature']): boolean {
    const known = keys().get(key)
    return known !== undefined && verify(null, bytes, known, Buffer.from(value, 'base64'))
  }
  return {
    keyId,
    seal,
    isSealed,
    sign: (lockout) => ({ ...unsigned(lockout), signature: seal(signedBytes(lockout)) }),
    isGenuine: (record) => isSealed(signedBytes(record), record.signature),
  }
}

/** Without the signature that an earlier change may have left on it, and in the order in which a record is read: equal records are equal texts. */
function unsigned({ id, selector, effect, state, author, reason, evidence, created, until, ...change }: Lockout): Lockout {
  const { epoch, changed, node, changedBy } = change
  return {
    id,
    selector,
    effect,
    state,
    author,
    reason,
    ...(evidence !== undefined && { evidence }),
    created,
    ...(until !== undefined && { until }),
    epoch,
    changed,
    node,
    changedBy,
  }
}

function keptKey(file: string): KeyObject {
  try {
    if (existsSync(file)) return createPrivateKey(readFileSync(file, 'utf8'))
    const { privateKey } = generateKeyPairSync('ed25519')
    writeFileSync(file, privateKey.export({ type: 'pkcs8', format: 'pem' }), { mode: 0o600, flag: 'wx', flush: true })
    return privateKey
  } catch (error) {
    // Without it nobody can tell whether the list of lockouts was edited, so the start ends here, and no new key is made in its place.
    throw new LockoutsUnreadable(
      `${file}: the key that seals the list of lockouts cannot be used: ${(error as Error).message}. Restore it from the backup.`,
    )
  }
}

function idOf(key: KeyObject): string {
  return createHash('sha256')
    .update(key.export({ type: 'spki', format: 'der' }))
    .digest('hex')
    .slice(0, 16)
}
