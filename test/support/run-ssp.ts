import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'

/** The checkout's own folder. */
export const checkout = fileURLToPath(new URL('../..', import.meta.url))

/** How a run of the program ended. */
export interface Run {
  readonly code: number | null
  readonly out: string
  readonly error: string
}

/** A folder with settings and a registry of two systems, for commands that read them. */
export interface Installation {
  readonly directory: string
  readonly config: string
  /** Runs `ssp` in that folder, with these settings unless the arguments name others. */
  run(args: readonly string[], environment?: Readonly<Record<string, string>>): Promise<Run>
  remove(): Promise<void>
}

const settings = `
listener: { certificate: absent.pem, key: absent.key }
operators: { certificate: absent.pem, key: absent.key }
trust: { anchors: [absent.pem] }
registry: { files: [directory.yaml], sharingRules: rules.yaml }
forwarding: { certificate: absent.pem, key: absent.key }
`

const directoryFile = `
systems:
  - { asid: "200000000359", odsCode: T77777, partyKey: T77777-7777777, interactions: ["urn:nhs:names:services:gpconnect:fhir:rest:read:metadata-1"] }
  - { asid: "918999198993", odsCode: T99999, partyKey: T99999-9999999, interactions: [] }
endpoints:
  - { cpaId: consumer-1, odsCode: T77777, partyKey: T77777-7777777, fqdn: consumer.thirdparty.nhs.uk }
  - cpaId: provider-1
    odsCode: T99999
    partyKey: T99999-9999999
    fqdn: provider.thirdparty.nhs.uk
    url: https://provider.thirdparty.nhs.uk/T99999/STU3/1
    interactions:
      - urn:nhs:names:services:gpconnect:fhir:rest:read:metadata-1
      - urn:nhs:names:services:gpconnect:fhir:operation:gpc.getstructuredrecord-1
      - urn:nhs:names:services:gpconnect:fhir:operation:gpc.getcarerecord
      - urn:nhs:names:services:nrl:DocumentReference.content
`

const rules = `
rules:
  - { reference: test, effect: allow, from: "*", to: "*", interactions: ["*"] }
`

/** Makes such a folder; none of the certificates that its settings name exists. */
export async function install(): Promise<Installation> {
  const directory = await mkdtemp(join(tmpdir(), 'ssp-'))
  const config = join(directory, 'ssp.yaml')
  await mkdir(join(directory, 'data'), { mode: 0o700 })
  await writeFile(config, settings)
  await writeFile(join(directory, 'directory.yaml'), directoryFile)
  await writeFile(join(directory, 'rules.yaml'), rules)
  return {
    directory,
    config,
    run: (args, environment = {}) => runSsp(args, { SSP_CONFIG: config, ...environment }, directory),
    remove: () => rm(directory, { recursive: true }),
  }
}

/** Runs the real program to its end, with no variable of its own from outside. */
export async function runSsp(args: readonly string[], environment: Readonly<Record<string, string>> = {}, cwd = checkout): Promise<Run> {
  const inherited = Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith('SSP_') && name !== 'NODE_OPTIONS'))
  const child = spawn(process.execPath, [join(checkout, 'bin/ssp.js'), ...args], {
    cwd,
    env: { ...inherited, ...environment },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const [out, error, [code]] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'close') as Promise<[number | null]>])
  return { code, out, error }
}
