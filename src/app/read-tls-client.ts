import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import type { TlsClientPem, TlsClientSettings } from '../lib/tls-client-settings.ts'

/** The PEM texts that the settings of a TLS client name, by paths from the settings file's folder. Throws the system's error. */
export function readTlsClient({ anchors, certificate, key }: TlsClientSettings, baseDir: string): TlsClientPem {
  const read = (file: string): string => readFileSync(resolve(baseDir, file), 'utf8')
  return {
    anchors: anchors.map(read),
    ...(certificate !== undefined && { certificate: read(certificate) }),
    ...(key !== undefined && { key: read(key) }),
  }
}
