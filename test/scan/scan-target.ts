import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import * as asn1js from 'asn1js'
import { extension } from '../support/certificate-authority.ts'
import { certificates, type WorldOptions, world } from '../support/start-world.ts'
import { startWorldProcess, type WorldProcess } from '../support/start-world-process.ts'

/** The TLS profiles of the consumers' port. */
export type TlsProfile = 'spine' | 'modern'

/** A proxy in a process of its own that is there to be scanned. */
export interface ScanTarget {
  readonly world: WorldProcess
  /** Folder for whatever a scanner writes; `ca.pem` in it is the authority that the scanners are given. */
  readonly folder: string
  close(): Promise<void>
}

/** Starts one whose server certificate is as an authority in the field would issue it, so that no finding is about the authority of the tests. */
export async function startScanTarget(tlsProfile: TlsProfile, settings: NonNullable<WorldOptions['settings']> = {}): Promise<ScanTarget> {
  const { authority, intermediate } = await certificates()
  const folder = await mkdtemp(join(tmpdir(), 'ssp-scan-'))
  const server = await intermediate.issue({
    cn: 'localhost',
    dnsNames: ['localhost', 'proxy.dev.spine2.ncrs.nhs.uk'],
    usages: ['serverAuth'],
    extensions: [revocationListAt(`http://crl.${world.provider.fqdn}/sub.crl`)],
  })
  const file = async (name: string, text: string): Promise<string> => {
    await writeFile(join(folder, name), text, { mode: 0o600 })
    return join(folder, name)
  }
  await file('ca.pem', authority.certificatePem)
  const certificate = await file('server.pem', server.chainPem)
  const key = await file('server.key', server.keyPem)
  const started = await startWorldProcess({
    settings: { ...settings, listener: { ...settings['listener'], tlsProfile, certificate, key } },
  })
  return {
    world: started,
    folder,
    async close() {
      await started.close()
      await rm(folder, { recursive: true, force: true })
    },
  }
}

/** A certificate without one is a finding of its own (RFC 5280, 4.2.1.13). */
function revocationListAt(url: string) {
  const name = new asn1js.Primitive({ idBlock: { tagClass: 3, tagNumber: 6 }, valueHex: new TextEncoder().encode(url).buffer })
  const fullName = new asn1js.Constructed({ idBlock: { tagClass: 3, tagNumber: 0 }, value: [name] })
  const point = new asn1js.Constructed({ idBlock: { tagClass: 3, tagNumber: 0 }, value: [fullName] })
  return extension('2.5.29.31', false, new asn1js.Sequence({ value: [new asn1js.Sequence({ value: [point] })] }))
}
