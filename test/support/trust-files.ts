import { X509Certificate } from 'node:crypto'
import { mkdtemp, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { loadTrustStore, type TrustStoreOptions } from '../../src/pki/load-trust-store.ts'
import { pkiSettings } from '../../src/pki/pki-settings.ts'
import type { PresentedCertificate } from '../../src/pki/presented.ts'
import type { TrustStore } from '../../src/pki/trust-store.ts'
import type { Issued } from './certificate-authority.ts'

/** What a trust store is to be made of: PEM texts, each in a file of its own, and settings. */
export interface TrustContent extends TrustStoreOptions {
  readonly anchors: readonly string[]
  readonly intermediates?: readonly string[]
  readonly crls?: readonly (string | Buffer)[]
  readonly crlGraceSeconds?: number
  readonly requireCrl?: boolean
}

/** Writes everything to files in a new folder and loads the trust store from there, as a start of the proxy would. */
export async function trustStoreOf(content: TrustContent): Promise<TrustStore> {
  const { anchors, intermediates = [], crls = [], previous, issuerMemory, kept, ...settings } = content
  const folder = await mkdtemp(join(tmpdir(), 'trust-'))
  const write = async (kind: string, texts: readonly (string | Buffer)[]): Promise<string[]> =>
    Promise.all(
      texts.map(async (text, index) => {
        const name = `${kind}-${index}`
        await writeFile(join(folder, name), text)
        return name
      }),
    )
  const parsed = pkiSettings.parse({
    anchors: await write('anchor', anchors),
    intermediates: await write('intermediate', intermediates),
    crls: await write('crl', crls),
    ...settings,
  })
  return loadTrustStore(parsed, folder, { ...(previous && { previous }), ...(issuerMemory && { issuerMemory }), ...(kept && { kept }) })
}

/** A certificate as a peer presents it, with the issuers that it sends along. */
export function presenting(leaf: Issued, ...issuers: readonly Issued[]): PresentedCertificate {
  return {
    leaf: new X509Certificate(leaf.certificatePem),
    presentedIssuers: issuers.map(({ certificatePem }) => new X509Certificate(certificatePem)),
  }
}
