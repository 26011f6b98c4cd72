/** The recipe: `node certs-dev/make.ts [--force] [--key-type rsa|ec] [--out DIR]`. */
import { resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { ensureDevelopmentCertificates } from './development-certificates.ts'

const { values } = parseArgs({
  options: { force: { type: 'boolean', default: false }, 'key-type': { type: 'string', default: 'rsa' }, out: { type: 'string' } },
})
const keyType = values['key-type']
if (keyType !== 'rsa' && keyType !== 'ec') throw new Error(`--key-type is rsa or ec, not ${keyType}`)
const directory = resolve(values.out ?? import.meta.dirname)
const { made } = await ensureDevelopmentCertificates(directory, { force: values.force, keyType })
process.stdout.write(
  made
    ? `Made a development root, an intermediate, CRLs and the certificates below them in ${directory}\n`
    : `The development certificates in ${directory} are complete and last another week; --force makes new ones\n`,
)
