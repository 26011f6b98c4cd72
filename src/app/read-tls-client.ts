import { resolve } from 'node:path'
import { readOrdinaryFileSync } from '../lib/read-ordinary-file.ts'
import type { TlsClientPem, TlsClientSettings } from '../lib/tls-client-settings.ts'

/** The PEM texts that the settings of a TLS client name, by paths from the settings file's folder. Throws the system's error, and where one is no ordinary file. */
export function readTlsClient({ anchors, certificate, key }: TlsClientSettings, baseDir: string): TlsClientPem {
  const read = (file: string): string => readOrdinaryFileSync(resolve(baseDir, file))
  return {
    anchors: anchors.map(read),
    ...(certificate !== undefined && { certificate: read(certificate) }),
    ...(key !== undefined && { key: read(key) }),
  }
}
