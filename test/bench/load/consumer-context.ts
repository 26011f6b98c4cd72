import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { createSecureContext, type SecureContext } from 'node:tls'
import { benchTls } from '../bench-tls.ts'
import type { LoadIdentity } from './load-job.ts'

/** The consumer's side of TLS, or another's, from the files in a benchmark's folder. */
export function consumerContext(directory: string, who: LoadIdentity = 'consumer'): SecureContext {
  const read = (name: string) => readFileSync(join(directory, name))
  const own = who === 'nobody' ? {} : { cert: read(`${who}.pem`), key: read(`${who}.key`) }
  return createSecureContext({ ...benchTls, ...own, ca: read('trusted.pem') })
}
