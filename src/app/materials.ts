import { createPrivateKey, X509Certificate } from 'node:crypto'
import { resolve } from 'node:path'
import { createSecureContext } from 'node:tls'
import { readOrdinaryFile } from '../lib/read-ordinary-file.ts'
import { subjectOf } from '../pki/certificate.ts'
import type { IssuerMemory } from '../pki/issuer-memory.ts'
import { type KeptCrl, loadTrustStore } from '../pki/load-trust-store.ts'
import type { TrustStore } from '../pki/trust-store.ts'
import type { Registry, RegistrySource } from '../registry/registry.ts'
import { createRegistrySource } from '../registry/registry-source.ts'
import type { LoadedConfig } from './load-config.ts'
import { namedFiles, stateOfFiles } from './named-files.ts'
import { openKeyFiles } from './open-key-files.ts'
import { StartRefused, startRefused } from './start-refused.ts'

/** A certificate of ours with its key, as PEM. */
export interface OwnIdentity {
  readonly cert: string
  readonly key: string
  readonly subject: string
  /** ms since 1970. */
  readonly notAfter: number
  /** The certificates that are sent along. */
  readonly issuers: readonly { readonly subject: string; readonly notAfter: number }[]
}

/** Everything that is read from files and can be read again while calls go on: whole, or not at all. */
export interface Materials {
  readonly loaded: LoadedConfig
  readonly trust: TrustStore
  readonly registry: Registry
  readonly server: OwnIdentity
  readonly client: OwnIdentity
  /** Private keys that others can read, one sentence each. */
  readonly openKeys: readonly string[]
  /** What the files that the settings name were like before any of them was read (`stateOfFiles`): whatever is different has changed since. */
  readonly filesBefore: string
}

/** What a load starts from: what is in force or, at the first load, what was fetched before, and the memory of issuers. */
export type LoadOptions =
  | { readonly previous: Materials; readonly first?: undefined }
  | { readonly previous?: undefined; readonly first: { readonly issuerMemory: IssuerMemory; readonly keptCrls: readonly KeptCrl[] } }

/** Reads all of it. Rejects with `StartRefused`, naming the place, when any part cannot be used; what was in force before stays so. */
export async function loadMaterials(loaded: LoadedConfig, { previous, first }: LoadOptions): Promise<Materials> {
  const { config, baseDir } = loaded
  const filesBefore = await stateOfFiles(namedFiles(loaded))
  const source: RegistrySource = createRegistrySource(config.registry, baseDir)
  const settled = await Promise.allSettled([
    loadTrustStore(
      config.trust,
      baseDir,
      previous === undefined ? { issuerMemory: first.issuerMemory, kept: first.keptCrls } : { previous: previous.trust },
    ),
    source.load(previous?.registry),
    readIdentity(baseDir, 'listener', config.listener),
    readIdentity(baseDir, 'forwarding', config.forwarding),
  ])
  const names = ['trust', 'registry', 'listener', 'forwarding']
  const problems = settled.flatMap((one, at) => (one.status === 'rejected' ? [startRefused(one.reason, names[at] ?? '')] : []))
  const unforeseen = problems.find((error) => !(error instanceof StartRefused))
  if (unforeseen !== undefined) throw unforeseen
  if (problems.length > 0) throw new StartRefused(problems.map(({ message }) => message).join('\n'))
  const [trust, registry, server, client] = settled.map((one) => (one as PromiseFulfilledResult<unknown>).value) as [
    TrustStore,
    Registry,
    OwnIdentity,
    OwnIdentity,
  ]
  return { loaded, trust, registry, server, client, openKeys: await openKeyFiles(loaded), filesBefore }
}

async function readIdentity(
  baseDir: string,
  section: 'listener' | 'forwarding',
  { certificate, key: keyFile }: { readonly certificate: string; readonly key: string },
): Promise<OwnIdentity> {
  const cert = await readPem(baseDir, `${section}.certificate`, certificate)
  const key = await readPem(baseDir, `${section}.key`, keyFile)
  try {
    const x509 = new X509Certificate(cert)
    if (!x509.checkPrivateKey(createPrivateKey(key))) throw new Error(`${keyFile} is not the key of ${certificate}`)
    const [, ...issuers] = (cert.match(/-----BEGIN CERTIFICATE-----[^-]*-----END CERTIFICATE-----/g) ?? []).map(
      (pem) => new X509Certificate(pem),
    )
    // OpenSSL has the last word, on a chain that is cut off or a key that is too short, and after the swap nothing may fail.
    createSecureContext({ cert, key })
    return { cert, key, ...endOf(x509), issuers: issuers.map(endOf) }
  } catch (error) {
    throw new StartRefused(`${section}: ${certificate}, ${keyFile}: ${(error as Error).message}`)
  }
}

function endOf(certificate: X509Certificate): { readonly subject: string; readonly notAfter: number } {
  return { subject: subjectOf(certificate), notAfter: certificate.validToDate.getTime() }
}

async function readPem(baseDir: string, setting: string, file: string): Promise<string> {
  const path = resolve(baseDir, file)
  try {
    return await readOrdinaryFile(path)
  } catch (error) {
    throw new StartRefused(`${setting}: ${path} cannot be read (${(error as NodeJS.ErrnoException).code ?? (error as Error).message})`)
  }
}

/** SHA-256 of the anchors of consumers and providers, lower-case hexadecimal: none of them may be one of the operators. */
export function dataAnchors({ trust }: Materials): ReadonlySet<string> {
  return new Set(trust.anchorsPem.map((pem) => new X509Certificate(pem).fingerprint256.replaceAll(':', '').toLowerCase()))
}
