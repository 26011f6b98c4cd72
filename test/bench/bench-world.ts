import { rmSync } from 'node:fs'
import { mkdtemp, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { certificates } from '../support/start-world.ts'
import { diskFolder } from './disk-folder.ts'

/** What every process of a run shares: files with certificates and keys, and the provider's place. */
export interface BenchWorld {
  /** Holds everything that a run writes; removed when this process ends. */
  readonly directory: string
  /** The kind of file system that it, and so the audit log, is on. */
  readonly fileSystem: string
  readonly providerPort: number
  /** The most connections that a subject may have to the provider. */
  readonly providerConnections: number
  /** The path of one of the files. */
  file(name: BenchFile): string
}

/** The files: `*-all.pem` hold chain and key together. */
export type BenchFile =
  | 'ca.pem'
  | 'intermediate.pem'
  | 'operators-ca.pem'
  | 'trusted.pem'
  | 'crl.pem'
  | `${'server' | 'client' | 'consumer' | 'stranger' | 'provider'}${'.pem' | '.key' | '-all.pem'}`

/** Makes the certificates, RSA-2048 all of them, and writes them to a new folder on disk. */
export async function makeBenchWorld(providerPort: number, providerConnections: number): Promise<BenchWorld> {
  const { folder, fileSystem } = await diskFolder()
  const directory = await mkdtemp(join(folder, 'ssp-bench-'))
  // Also when the run is broken off: by then its processes have been ended.
  process.once('exit', () => rmSync(directory, { recursive: true, force: true, maxRetries: 5 }))
  const file = (name: BenchFile) => join(directory, name)
  const write = (name: BenchFile, text: string) => writeFile(file(name), text, { mode: 0o600 })
  const all = await certificates()
  const { authority, intermediate, operators } = all
  await Promise.all([
    write('ca.pem', authority.certificatePem),
    write('intermediate.pem', intermediate.certificatePem),
    write('operators-ca.pem', operators.certificatePem),
    write('trusted.pem', authority.certificatePem + intermediate.certificatePem),
    write('crl.pem', (await authority.crl()) + (await intermediate.crl())),
    ...(['server', 'client', 'consumer', 'stranger', 'provider'] as const).flatMap((who) => [
      write(`${who}.pem`, all[who].chainPem),
      write(`${who}.key`, all[who].keyPem),
      write(`${who}-all.pem`, all[who].chainPem + all[who].keyPem),
    ]),
  ])
  return {
    directory,
    fileSystem,
    providerPort,
    providerConnections,
    file,
  }
}
