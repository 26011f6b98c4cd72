import { X509Certificate } from 'node:crypto'
import { stat } from 'node:fs/promises'
import { resolve } from 'node:path'
import { authorityIdOf, type ReadCertificate, readCertificate, subjectOf } from './certificate.ts'
import { createChainFinder, findChains, type IssuerPool } from './chain.ts'
import { crlSourcesOf } from './crl-source.ts'
import { createIssuerMemory, type IssuerMemory } from './issuer-memory.ts'
import { type PemLabel, readPemFile } from './pem-file.ts'
import { PkiRejected } from './pki-rejected.ts'
import type { PkiSettings } from './pki-settings.ts'
import { type AuthorityCrl, type CrlPlace, indexRevocations, readAuthorityCrls, replayed } from './revocation-index.ts'
import { isStrongKey } from './signature-algorithm.ts'
import { authoritiesOf, type ConfiguredAuthority, fetchedOf, makeTrustStore, type TrustStore } from './trust-store.ts'

/** A list of an earlier fetch, not verified yet. */
export interface KeptCrl {
  readonly der: Buffer
  readonly place: CrlPlace
}

/** What a load starts from. */
export interface TrustStoreOptions {
  /** The store in force: a file's list older than its one is refused; what was fetched for it stays, and so does its issuer memory. */
  readonly previous?: TrustStore
  /** A memory to use instead, such as one that tells when it forgets. */
  readonly issuerMemory?: IssuerMemory
  /** What earlier fetches left; what cannot be verified any more is left out with a warning. */
  readonly kept?: readonly KeptCrl[]
}

interface FoundIn {
  readonly der: Buffer
  readonly file: string
}

/**
 * Reads everything that the settings name, relative to `baseDir`, and makes a trust store of it. Rejects with `PkiRejected`, which
 * lists every problem of every file, when anything is missing, empty, unreadable, malformed, no authority, not below an anchor, or
 * a revocation list that does not hold; no file is ever left out silently.
 */
export async function loadTrustStore(settings: PkiSettings, baseDir: string, options: TrustStoreOptions = {}): Promise<TrustStore> {
  const { previous, kept = [] } = options
  const problems: string[] = []
  const anchors = await readAuthorities(settings.anchors, baseDir, problems)
  const intermediates = await readAuthorities(settings.intermediates, baseDir, problems)
  const pool = {
    anchors: anchors.map(({ certificate }) => certificate),
    intermediates: intermediates.map(({ certificate }) => certificate),
  }
  if (problems.length === 0) problems.push(...strays(intermediates, pool))
  const authorities = authoritiesOf({ anchors, intermediates })

  const files = await readAll(settings.crls, baseDir, 'X509 CRL', problems)
  const crls: AuthorityCrl[] = []
  // Without all the authorities every list would seem to be of a stranger; the files are read all the same, to name those that are missing.
  if (problems.length === 0) {
    for (const { der, file } of files) {
      const place: CrlPlace = { file, origin: 'file', since: await inPlaceSince(file) }
      attempt(file, problems, () => crls.push(...readAuthorityCrls(der, place, authorities)))
    }
  }
  if (previous !== undefined) problems.push(...replayed(indexRevocations(crls), ofFiles(previous)))
  const sources = crlSourcesOf(settings, authorities)
  const isConfigured = settings.crls.length > 0 || sources.length > 0
  const required = settings.requireCrl ?? isConfigured
  if (required && !isConfigured)
    problems.push('trust.requireCrl is true but neither trust.crls nor trust.crlUrls names a list: every certificate would be refused')
  const found = new Set(crls.map(({ authority }) => authority))
  if (previous !== undefined && required && problems.length === 0) problems.push(...vanished(previous, authorities, found))
  if (problems.length > 0) throw new PkiRejected(problems)

  const warnings: string[] = []
  for (const { der, place } of kept) attempt(place.file, warnings, () => crls.push(...readAuthorityCrls(der, place, authorities)))
  const configured = new Set(authorities.map(authorityIdOf))
  const fetched = (previous === undefined ? [] : fetchedOf(previous)).filter(({ authority }) => configured.has(authority))
  return makeTrustStore({
    anchors,
    intermediates,
    revocations: indexRevocations([...crls, ...fetched]),
    required,
    graceMs: settings.crlGraceSeconds * 1000,
    warnings: warnings.map((warning) => `a revocation list of an earlier fetch is not used: ${warning}`),
    find: createChainFinder(pool),
    issuerMemory: options.issuerMemory ?? previous?.issuerMemory ?? createIssuerMemory(),
  })
}

/** The lists that came from files: only against those a file's list can be a replay; one that was fetched may well be ahead of the files. */
function ofFiles({ revocations }: TrustStore): ReturnType<typeof indexRevocations> {
  return new Map([...revocations].filter(([, { origin }]) => origin === 'file'))
}

/** Lists of files in force that none of the files holds any more: without it all that their issuers have issued would be refused. */
function vanished(previous: TrustStore, authorities: readonly ReadCertificate[], found: ReadonlySet<string>): readonly string[] {
  return authorities.flatMap((authority) => {
    const last = ofFiles(previous).get(authorityIdOf(authority))
    return last === undefined || found.has(last.authority) ? [] : [`${last.file}: the revocation list of ${last.issuer} is gone from it`]
  })
}

async function readAuthorities(files: readonly string[], baseDir: string, problems: string[]): Promise<readonly ConfiguredAuthority[]> {
  const found = new Map<string, ConfiguredAuthority>()
  for (const { der, file } of await readAll(files, baseDir, 'CERTIFICATE', problems)) {
    attempt(file, problems, () => {
      const certificate = readCertificate(new X509Certificate(der))
      if (!certificate.fields.isCa) throw new Error(`${subjectOf(certificate.x509)} is no authority's certificate (basicConstraints)`)
      if (!isStrongKey(certificate.x509.publicKey)) throw new Error(`the public key of ${subjectOf(certificate.x509)} is too short`)
      if (!found.has(certificate.sha256)) found.set(certificate.sha256, { certificate, file })
    })
  }
  return [...found.values()]
}

async function readAll(files: readonly string[], baseDir: string, label: PemLabel, problems: string[]): Promise<readonly FoundIn[]> {
  const all: FoundIn[] = []
  for (const name of files) {
    const file = resolve(baseDir, name)
    try {
      for (const der of await readPemFile(file, label)) all.push({ der, file })
    } catch (error) {
      problems.push(problemIn(file, error))
    }
  }
  return all
}

/** The change time, which copying with the old dates (`cp -p`, rsync) does not set back, as it does the modification time. */
async function inPlaceSince(file: string): Promise<number> {
  return stat(file).then(
    ({ ctimeMs }) => ctimeMs,
    () => Date.now(),
  )
}

/** Intermediates that lead to no anchor: a file too many, or an anchor forgotten. */
function strays(intermediates: readonly ConfiguredAuthority[], pool: IssuerPool): readonly string[] {
  return intermediates.flatMap(({ certificate: { x509 }, file }) => {
    const { kind } = findChains(x509, pool, [])
    return kind === 'found' ? [] : [`${file}: ${subjectOf(x509)} was issued by none of the configured anchors and intermediates`]
  })
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
