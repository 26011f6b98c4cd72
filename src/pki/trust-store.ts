import { createHash, X509Certificate } from 'node:crypto'
import { resolve } from 'node:path'
import { authorityIdOf, type ReadCertificate, readCertificate, subjectOf } from './certificate.ts'
import { findChains } from './chain.ts'
import { createIssuerMemory, type IssuerMemory } from './issuer-memory.ts'
import { createJudge, type Judge } from './judge.ts'
import { type PemLabel, readPemFile } from './pem-file.ts'
import { PkiRejected } from './pki-rejected.ts'
import type { PkiSettings } from './pki-settings.ts'
import { type AuthorityCrl, indexRevocations, type RevocationIndex, readAuthorityCrls, replayed } from './revocation-index.ts'
import { isStrongKey } from './signature-algorithm.ts'

/** A revocation list in force, as it is shown to people. */
export interface CrlSummary {
  /** On one line. */
  readonly issuer: string
  readonly file: string
  /** Decimal. */
  readonly number?: string
  /** ms since 1970. */
  readonly thisUpdate: number
  /** ms since 1970. */
  readonly nextUpdate: number
  /** How many certificates it revokes. */
  readonly entries: number
}

/** Trust as one load left it: immutable; a reload makes another, and a request keeps the one it began with. */
export interface TrustStore {
  /** SHA-256 over everything that decides, the first 16 hex digits: equal versions judge alike. */
  readonly version: string
  /** For the `ca` option of `node:tls`, whose names the listener advertises; never joined by the system's own. */
  readonly anchorsPem: readonly string[]
  /** To be added to `ca`, so that OpenSSL completes chains as the judge does. */
  readonly intermediatesPem: readonly string[]
  readonly crls: readonly CrlSummary[]
  /** The configured authorities. */
  readonly certificates: readonly { readonly subject: string; readonly notAfter: number; readonly file: string }[]
  /** What is no reason to refuse the settings but that an operator should know, one sentence each. */
  readonly warnings: readonly string[]
  /**
   * Judges what a peer presented, now (ms since 1970): as a consumer, or with `server` as a provider. Whether the name is the
   * right one is not asked here. Never throws; about 100 ns for a presentation that was judged before.
   */
  readonly judge: Judge
  /** What the next load compares its lists with. */
  readonly revocations: RevocationIndex
  /** What the next load takes over, so that a reload cuts off nobody who resumes. */
  readonly issuerMemory: IssuerMemory
}

/** What a load starts from. */
export interface TrustStoreOptions {
  /** The store in force: a revocation list older than its one is refused, and its issuer memory is taken over. */
  readonly previous?: TrustStore
  /** A memory to use instead, such as one that tells when it forgets. */
  readonly issuerMemory?: IssuerMemory
}

interface FoundIn<Thing> {
  readonly thing: Thing
  readonly file: string
}

/**
 * Reads everything that the settings name, relative to `baseDir`, and makes a trust store of it. Rejects with `PkiRejected`, which
 * lists every problem of every file, when anything is missing, empty, unreadable, malformed, no authority, not below an anchor, or
 * a revocation list that does not hold; nothing is ever left out silently.
 */
export async function loadTrustStore(settings: PkiSettings, baseDir: string, options: TrustStoreOptions = {}): Promise<TrustStore> {
  const problems: string[] = []
  const anchors = await readAuthorities(settings.anchors, baseDir, problems)
  const intermediates = await readAuthorities(settings.intermediates, baseDir, problems)
  const pool = { anchors: anchors.map(({ thing }) => thing), intermediates: intermediates.map(({ thing }) => thing) }
  if (problems.length === 0) problems.push(...strays(intermediates, pool))

  const crlObjects = await readAll(settings.crls, baseDir, 'X509 CRL', problems)
  const crls: AuthorityCrl[] = []
  // Without all the authorities every list would seem to be of a stranger; the files are read all the same, to name those that are missing.
  if (problems.length === 0) {
    for (const { thing, file } of crlObjects) {
      attempt(file, problems, () => crls.push(...readAuthorityCrls(thing, file, [...pool.anchors, ...pool.intermediates])))
    }
  }
  const revocations = indexRevocations(crls)
  if (options.previous !== undefined) problems.push(...replayed(revocations, options.previous.revocations))
  const required = settings.requireCrl ?? settings.crls.length > 0
  if (required && settings.crls.length === 0)
    problems.push('pki.requireCrl is true but pki.crls names no file: every certificate would be refused')
  if (problems.length > 0) throw new PkiRejected(problems)

  const authorities = [...anchors, ...intermediates]
  const issuerMemory = options.issuerMemory ?? options.previous?.issuerMemory ?? createIssuerMemory()
  const policy = { index: revocations, required, graceMs: settings.crlGraceSeconds * 1000 }
  return Object.freeze({
    version: versionOf(
      [...pool.anchors.map(derOf), 'intermediates', ...pool.intermediates.map(derOf), 'crls', ...crlObjects.map(({ thing }) => thing)],
      policy,
    ),
    anchorsPem: pool.anchors.map(({ x509 }) => x509.toString()),
    intermediatesPem: pool.intermediates.map(({ x509 }) => x509.toString()),
    crls: [...revocations.values()].map(summary),
    certificates: authorities.map(({ thing, file }) => ({
      subject: subjectOf(thing.x509),
      notAfter: thing.x509.validToDate.getTime(),
      file,
    })),
    warnings: required ? withoutCrl(authorities, revocations) : [],
    judge: createJudge({ pool, revocation: policy, memory: issuerMemory }),
    revocations,
    issuerMemory,
  })
}

async function readAuthorities(
  files: readonly string[],
  baseDir: string,
  problems: string[],
): Promise<readonly FoundIn<ReadCertificate>[]> {
  const found = new Map<string, FoundIn<ReadCertificate>>()
  for (const { thing, file } of await readAll(files, baseDir, 'CERTIFICATE', problems)) {
    attempt(file, problems, () => {
      const certificate = readCertificate(new X509Certificate(thing))
      if (!certificate.fields.isCa) throw new Error(`${subjectOf(certificate.x509)} is no authority's certificate (basicConstraints)`)
      if (!isStrongKey(certificate.x509.publicKey)) throw new Error(`the public key of ${subjectOf(certificate.x509)} is too short`)
      if (!found.has(certificate.sha256)) found.set(certificate.sha256, { thing: certificate, file })
    })
  }
  return [...found.values()]
}

async function readAll(
  files: readonly string[],
  baseDir: string,
  label: PemLabel,
  problems: string[],
): Promise<readonly FoundIn<Buffer>[]> {
  const all: FoundIn<Buffer>[] = []
  for (const name of files) {
    const file = resolve(baseDir, name)
    try {
      for (const thing of await readPemFile(file, label)) all.push({ thing, file })
    } catch (error) {
      problems.push(problemIn(file, error))
    }
  }
  return all
}

/** Intermediates that lead to no anchor: a file too many, or an anchor forgotten. */
function strays(intermediates: readonly FoundIn<ReadCertificate>[], pool: Parameters<typeof findChains>[1]): readonly string[] {
  return intermediates.flatMap(({ thing, file }) => {
    const { kind } = findChains(thing.x509, pool, [])
    return kind === 'found' ? [] : [`${file}: ${subjectOf(thing.x509)} was issued by none of the configured anchors and intermediates`]
  })
}

function withoutCrl(authorities: readonly FoundIn<ReadCertificate>[], revocations: RevocationIndex): readonly string[] {
  return authorities
    .filter(({ thing }) => !revocations.has(authorityIdOf(thing)))
    .map(
      ({ thing, file }) =>
        `${file}: no revocation list is configured for ${subjectOf(thing.x509)}, so every certificate that it issued is refused`,
    )
}

function attempt(file: string, problems: string[], work: () => void): void {
  try {
    work()
  } catch (error) {
    problems.push(problemIn(file, error))
  }
}

function problemIn(file: string, error: unknown): string {
  return `${file}: ${error instanceof Error ? error.message : String(error)}`
}

function derOf({ x509 }: ReadCertificate): Buffer {
  return x509.raw
}

function summary(crl: AuthorityCrl): CrlSummary {
  const { issuer, file, number, thisUpdate, nextUpdate, revoked } = crl
  return { issuer, file, ...(number !== undefined && { number: String(number) }), thisUpdate, nextUpdate, entries: revoked.size }
}

function versionOf(parts: readonly (Buffer | string)[], policy: { readonly required: boolean; readonly graceMs: number }): string {
  const hash = createHash('sha256')
  for (const part of parts) hash.update(createHash('sha256').update(part).digest())
  hash.update(JSON.stringify([policy.required, policy.graceMs]))
  return hash.digest('hex').slice(0, 16)
}
