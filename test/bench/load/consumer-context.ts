import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { createSecureContext, type SecureContext } from 'node:tls'
import { benchTls } from '../bench-tls.ts'

/** The consumer's side of TLS, from the files in a benchmark's folder. */
export function consumerContext(directory: string): SecureContext {
  const read = (name: string) => readFileSync(join(directory, name))
  return createSecureContext({ ...benchTls, cert: read('consumer.pem'), key: read('consumer.key'), ca: read('trusted.pem') })
}
