import { constants, createPrivateKey, randomBytes, X509Certificate } from 'node:crypto'
import { createSecureContext, type SecureContextOptions } from 'node:tls'
import { readOrdinaryFile } from '../lib/read-ordinary-file.ts'
import { subjectOf } from '../pki/certificate.ts'
import type { OwnCertificate } from './expiry-gauges.ts'
import type { OpsSettings } from './ops-settings.ts'

/** The operators' leg cannot start or go on with these settings; the message names the file and what to do. */
export class OpsSettingsRejected extends Error {
  override readonly name = 'OpsSettingsRejected'
}

/** Certificates of the operators' port, read and checked. */
export interface OperatorsTls {
  readonly context: SecureContextOptions
  /** What decides whether sessions begun before may still be resumed. */
  readonly anchorFingerprints: readonly string[]
  /** Everything in the files that ends: the certificate, its intermediates, the anchors. */
  readonly certificates: readonly OwnCertificate[]
}

/** The ticket keys of the operators' port: random, never written down, never another listener's. */
export function freshTicketKeys(): Buffer {
  return randomBytes(48)
}

/**
 * Reads the certificate, its key and the operators' anchors. Rejects with `OpsSettingsRejected` where a file is unreadable, the key is
 * another certificate's, or an anchor is one of `dataAnchors` (SHA-256 in lower-case hex): a consumer would else be an operator.
 */
export async function readOperatorsTls(settings: OpsSettings, dataAnchors: ReadonlySet<string>): Promise<OperatorsTls> {
  const cert = await readPem(settings.certificate)
  const key = await readPem(settings.key)
  const anchors = await Promise.all(settings.anchors.map(async (file) => ({ file, pem: await readPem(file) })))
  checkKey(settings, cert, key)
  const anchorFingerprints: string[] = []
  const certificates = certificatesOf(settings.certificate, cert).map(ownCertificate)
  for (const { file, pem } of anchors) {
    for (const certificate of certificatesOf(file, pem)) {
      const sha256 = certificate.fingerprint256.replaceAll(':', '').toLowerCase()
      if (dataAnchors.has(sha256))
        throw new OpsSettingsRejected(`${file}: this is an anchor of the data port; operators need another authority.`)
      anchorFingerprints.push(sha256)
      certificates.push(ownCertificate(certificate))
    }
  }
  const context: SecureContextOptions = {
    cert,
    key,
    // Even an empty list: without `ca` every public authority would count.
    ca: anchors.map(({ pem }) => pem),
    minVersion: 'TLSv1.2',
    ciphers: 'TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256:TLS_AES_128_GCM_SHA256:ECDHE+AESGCM:ECDHE+CHACHA20',
    honorCipherOrder: true,
    secureOptions: constants.SSL_OP_NO_RENEGOTIATION,
    // The default is the same for all listeners of a process.
    sessionIdContext: 'ssp-operators',
  }
  try {
    createSecureContext(context)
  } catch (error) {
    throw new OpsSettingsRejected(`${settings.certificate}: the operators’ port cannot use this: ${(error as Error).message}.`)
  }
  return { context, anchorFingerprints, certificates }
}

function ownCertificate(certificate: X509Certificate): OwnCertificate {
  return { subject: subjectOf(certificate), notAfter: certificate.validToDate.getTime() }
}

async function readPem(file: string): Promise<string> {
  try {
    return await readOrdinaryFile(file)
  } catch (error) {
    throw new OpsSettingsRejected(`${file}: cannot be read for the operators’ port: ${(error as Error).message}.`)
  }
}

function checkKey({ certificate, key }: OpsSettings, certPem: string, keyPem: string): void {
  const [leaf] = certificatesOf(certificate, certPem)
  let matches: boolean | undefined
  try {
    matches = leaf?.checkPrivateKey(createPrivateKey(keyPem))
  } catch {
    throw new OpsSettingsRejected(`${key}: this is no private key in PEM form, or it has a passphrase.`)
  }
  if (!matches) throw new OpsSettingsRejected(`${key}: this is not the key of the certificate in ${certificate}.`)
}

function certificatesOf(file: string, pem: string): readonly X509Certificate[] {
  const blocks = pem.match(/-----BEGIN CERTIFICATE-----[^-]*-----END CERTIFICATE-----/g) ?? []
  if (blocks.length === 0) throw new OpsSettingsRejected(`${file}: no certificate in PEM form is in it.`)
  try {
    return blocks.map((block) => new X509Certificate(block))
  } catch (error) {
    throw new OpsSettingsRejected(`${file}: a certificate in it cannot be read: ${(error as Error).message}.`)
  }
}
