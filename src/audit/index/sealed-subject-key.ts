import { hkdfSync, randomBytes } from 'node:crypto'
import { nonceBytes, openBytes, sealBytes } from '../sealed-bytes.ts'
import type { PublishedKey } from './published-keys.ts'

type Place = Omit<PublishedKey, 'sealed'>

/** Secrets of the installation: 32 bytes each, base64. */
export interface SubjectSecrets {
  /** Seals, and opens. */
  readonly subjectSecret?: string | undefined
  /** Opens as well: what was sealed before the secret was changed. */
  readonly formerSubjectSecret?: string | undefined
}

/** Seals a month's key of hashes for the database, and opens what others have sealed: AES-256-GCM, bound to its use, publisher, machine and month. */
export interface SubjectKeySeal {
  /** The key sealed for its place; undefined where there is no secret to seal it under. */
  seal(place: Place, key: Uint8Array): string | undefined
  /** The key that was sealed; undefined where there is none, it is under no secret of these, or belongs to another place. */
  open(key: PublishedKey): Buffer | undefined
  /** The key, where the former secret alone opens it; absent where there is no former one. */
  readonly openFormer?: (key: PublishedKey) => Buffer | undefined
  /** Whether there is a secret that could open anything. */
  readonly opens: boolean
}

const use = 'ssp-index-subject-key-1'

function sealingKey(secret: string | undefined): Buffer | undefined {
  return secret === undefined ? undefined : Buffer.from(hkdfSync('sha256', Buffer.from(secret, 'base64'), '', use, 32))
}

/** Whatever is put in another's place does not open. */
function boundTo({ publisher, node, period }: Place): Buffer {
  return Buffer.from(`${use}\n${publisher}\n${node}\n${period}`)
}

function opened(under: Buffer | undefined, key: PublishedKey): Buffer | undefined {
  return under === undefined || key.sealed === undefined ? undefined : openBytes(under, boundTo(key), key.sealed)
}

/** The seal of these secrets. */
export function subjectKeySeal({ subjectSecret, formerSubjectSecret }: SubjectSecrets): SubjectKeySeal {
  const [current, former] = [sealingKey(subjectSecret), sealingKey(formerSubjectSecret)]
  return {
    seal: (place, key) => (current === undefined ? undefined : sealBytes(current, randomBytes(nonceBytes), boundTo(place), key)),
    open: (key) => opened(current, key) ?? opened(former, key),
    ...(former !== undefined && {
      openFormer: (key: PublishedKey) => (opened(current, key) === undefined ? opened(former, key) : undefined),
    }),
    opens: current !== undefined || former !== undefined,
  }
}
