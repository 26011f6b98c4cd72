import { generateKeyPairSync } from 'node:crypto'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { startLifecycle } from '../../src/app/lifecycle.ts'
import { loadConfig } from '../../src/app/load-config.ts'
import type { RunningProxy } from '../../src/app/running-proxy.ts'
import type { AuditEntry } from '../../src/audit/entry.ts'
import { type Clock, systemClock } from '../../src/lib/clock.ts'
import { openLog } from '../../src/lib/logger.ts'
import { interactions } from '../../src/spine/interaction-id.ts'
import { followEntries } from './audit-log-text.ts'
import { type Authority, createAuthority, type Issued } from './certificate-authority.ts'
import { type FakeProvider, startFakeProvider } from './fake-provider.ts'

/** The names of the test world, all of them as in the demonstration. */
export const world = {
  consumer: { asid: '200000000359', odsCode: 'T77777', partyKey: 'T77777-7777777', fqdn: 'consumer.thirdparty.nhs.uk' },
  /** Registered like the consumer, and named by no data-sharing rule. */
  stranger: { asid: '200000000360', odsCode: 'T66666', partyKey: 'T66666-6666666', fqdn: 'other.thirdparty.nhs.uk' },
  provider: { asid: '918999198993', odsCode: 'T99999', partyKey: 'T99999-9999999', fqdn: 'provider.thirdparty.nhs.uk' },
  /** A receiver without any endpoint. */
  bareProvider: { asid: '918999198994', odsCode: 'T88888', partyKey: 'T88888-8888888' },
  /** A receiver with two different endpoints for one interaction: set aside. */
  ambiguousProvider: { asid: '918999198995', odsCode: 'T55555', partyKey: 'T55555-5555555' },
  root: 'https://provider.thirdparty.nhs.uk/T99999/STU3/1',
  /** An interaction that everybody holds and whose form is not known. */
  unknownForm: 'urn:nhs:names:services:careconnect:fhir:rest:read:slot',
  searchPatient: 'urn:nhs:names:services:gpconnect:fhir:rest:search:patient-1',
} as const

/** Certificates of the cast: good ones, and the bad set. */
export interface Certificates {
  readonly authority: Authority
  readonly intermediate: Authority
  readonly operators: Authority
  readonly server: Issued
  readonly client: Issued
  readonly consumer: Issued
  readonly stranger: Issued
  readonly provider: Issued
  readonly operator: Issued
  readonly badAuthority: Issued
  readonly badExpired: Issued
  readonly badFqdn: Issued
  readonly badRevoked: Issued
  readonly badEku: Issued
}

let cast: Promise<Certificates> | undefined

/** The certificates, made once per process. */
export function certificates(): Promise<Certificates> {
  cast ??= makeCertificates()
  return cast
}

async function makeCertificates(): Promise<Certificates> {
  const authority = await createAuthority({ name: 'Test Root' })
  const intermediate = await createAuthority({ name: 'Test Sub', parent: authority })
  const operators = await createAuthority({ name: 'Test Operators' })
  const unknown = await createAuthority({ name: 'Unknown Root' })
  const { consumer, stranger, provider } = world
  const day = 86_400_000
  const both = ['clientAuth', 'serverAuth'] as const
  const issue = (fqdn: string, more: object = {}) => intermediate.issue({ cn: fqdn, dnsNames: [fqdn], usages: [...both], ...more })
  const badRevoked = await issue(consumer.fqdn)
  intermediate.revoke(badRevoked.serial)
  return {
    authority,
    intermediate,
    operators,
    server: await issue('proxy.dev.spine2.ncrs.nhs.uk', {
      dnsNames: ['proxy.dev.spine2.ncrs.nhs.uk', 'localhost'],
      ipAddresses: ['127.0.0.1'],
    }),
    client: await issue('proxy.dev.spine2.ncrs.nhs.uk'),
    consumer: await issue(consumer.fqdn),
    stranger: await issue(stranger.fqdn),
    provider: await issue(provider.fqdn),
    operator: await operators.issue({ cn: 'operator', usages: ['clientAuth'] }),
    badAuthority: await unknown.issue({ cn: consumer.fqdn, dnsNames: [consumer.fqdn], usages: [...both] }),
    badExpired: await issue(consumer.fqdn, { notBefore: new Date(Date.now() - 2 * day), notAfter: new Date(Date.now() - day) }),
    badFqdn: await issue('nobody.thirdparty.nhs.uk'),
    badRevoked,
    badEku: await issue(consumer.fqdn, { usages: ['serverAuth'] }),
  }
}

/** A running proxy with a provider behind it, in a directory of its own. */
export interface World {
  readonly proxy: RunningProxy
  readonly provider: FakeProvider
  readonly certificates: Certificates
  /** The folder of the settings file, where files can be changed before a reload. */
  readonly directory: string
  /** What the audit holds now, from the files. */
  audit(): readonly AuditEntry[]
  close(): Promise<void>
}

/** What a test changes in the world. Settings are merged into the usual ones, section by section, key by key. */
export interface WorldOptions {
  readonly settings?: Readonly<Record<string, Readonly<Record<string, unknown>>>>
  /** How many processes take calls; only for a proxy in a process of its own. */
  readonly workers?: number
  /** Rules of the data-sharing file; by default the consumer may do everything at every provider. */
  readonly sharingRules?: readonly unknown[]
  /** Further records of the registry. */
  readonly systems?: readonly unknown[]
  readonly endpoints?: readonly unknown[]
  /** Where the provider is dialled, when it is not the fake one. */
  readonly providerPort?: number
  /** The folder in which the world's own is made; the system's for temporary files, unless told otherwise. */
  readonly in?: string
  /** Where further hosts are dialled: "host:443" to "address:port". */
  readonly dialOverrides?: Readonly<Record<string, string>>
  /** What time it is for a proxy in this process; the machine's, unless told otherwise. */
  readonly clock?: Clock
}

/** Starts the world on free ports. Everything is real: TLS, sockets, files. */
export async function startWorld(options: WorldOptions = {}): Promise<World> {
  const ground = await layWorld(options)
  const loaded = await loadConfig(ground.config, {})
  const proxy = await startLifecycle(loaded, {}, openLog(loaded.config.logging), options.clock ?? systemClock).catch(
    async (error: unknown) => {
      await ground.clear()
      throw error
    },
  )
  return {
    ...ground,
    proxy,
    async close() {
      await proxy.close()
      await ground.clear()
    },
  }
}

/** A world without its proxy: the files it will be started with, and the provider. */
export interface Ground extends Omit<World, 'proxy' | 'close'> {
  /** The path of the settings file. */
  readonly config: string
  /** Ends the provider and removes the files. */
  clear(): Promise<void>
}

/** Writes a world's files and starts its provider. */
export async function layWorld(options: WorldOptions = {}): Promise<Ground> {
  const all = await certificates()
  const directory = await mkdtemp(join(options.in ?? tmpdir(), 'ssp-world-'))
  const file = (name: string, text: string) => writeFile(join(directory, name), text, { mode: 0o600 })
  await Promise.all([
    file('ca.pem', all.authority.certificatePem),
    file('operators-ca.pem', all.operators.certificatePem),
    file('intermediate.pem', all.intermediate.certificatePem),
    file('crl.pem', (await all.authority.crl()) + (await all.intermediate.crl())),
    file('server.pem', all.server.chainPem),
    file('server.key', all.server.keyPem),
    file('client.pem', all.client.chainPem),
    file('client.key', all.client.keyPem),
    file('registry.yaml', JSON.stringify(registryOf(options))),
    file(
      'sharing.yaml',
      JSON.stringify({
        rules: options.sharingRules ?? [
          { reference: 'TEST-1', effect: 'allow', from: { asid: world.consumer.asid }, to: '*', interactions: ['*'] },
        ],
      }),
    ),
  ])
  const provider = await startFakeProvider({ cert: all.provider.chainPem, key: all.provider.keyPem, ca: all.authority.certificatePem })
  const config = join(directory, 'config.yaml')
  await file('config.yaml', JSON.stringify(settingsOf(options, options.providerPort ?? provider.port)))
  return {
    provider,
    certificates: all,
    directory,
    config,
    audit: followEntries(join(directory, 'data', 'audit', `${options.settings?.['audit']?.['node'] ?? 'test'}-main`)),
    async clear() {
      await provider.close()
      await rm(directory, { recursive: true, force: true })
    },
  }
}

function registryOf(options: WorldOptions): unknown {
  const { consumer, stranger, provider, bareProvider, ambiguousProvider, root } = world
  const held = [...interactions.keys(), world.unknownForm]
  const endpoint = (cpaId: string, of: { odsCode: string; partyKey: string }, interaction: string, url: string) => ({
    cpaId,
    odsCode: of.odsCode,
    partyKey: of.partyKey,
    interaction,
    url,
    fqdn: new URL(url).host,
  })
  return {
    systems: [
      ...[consumer, stranger].map(({ asid, odsCode, partyKey }) => ({ asid, odsCode, partyKey, interactions: held })),
      ...[provider, bareProvider, ambiguousProvider].map(({ asid, odsCode, partyKey }) => ({
        asid,
        odsCode,
        partyKey,
        interactions: held.slice(0, 1),
      })),
      ...(options.systems ?? []),
    ],
    endpoints: [
      ...[consumer, stranger].map(({ odsCode, partyKey, fqdn }, at) => ({ cpaId: `S00000000000${at}`, odsCode, partyKey, fqdn })),
      ...held.map((interaction, at) =>
        endpoint(`S91899919${String(at).padStart(4, '0')}`, provider, interaction, rootOf(interaction, root)),
      ),
      endpoint('S900000000001', ambiguousProvider, world.searchPatient, 'https://provider.thirdparty.nhs.uk/T55555/STU3/1'),
      endpoint('S900000000002', ambiguousProvider, world.searchPatient, 'https://provider.thirdparty.nhs.uk/T55555/STU3/2'),
      ...(options.endpoints ?? []),
    ],
  }
}

/** Documents have a root of their own, as in the field. */
function rootOf(interaction: string, root: string): string {
  return interaction.includes(':documents:') ? `${root}/documents` : root
}

/** One key for all worlds of a process: those that share lockouts must know each other's. */
const signingKey = generateKeyPairSync('ed25519').privateKey.export({ type: 'pkcs8', format: 'pem' }).toString()

function settingsOf({ settings = {}, dialOverrides = {}, workers = 1 }: WorldOptions, providerPort: number): unknown {
  const usual: Readonly<Record<string, Readonly<Record<string, unknown>>>> = {
    listener: { host: '127.0.0.1', port: 0, certificate: 'server.pem', key: 'server.key', drainNoticeSeconds: 0 },
    operators: {
      port: 0,
      certificate: 'server.pem',
      key: 'server.key',
      anchors: ['operators-ca.pem'],
      roles: [{ commonName: 'operator', role: 'operator' }],
    },
    trust: { anchors: ['ca.pem'], intermediates: ['intermediate.pem'], crls: ['crl.pem'] },
    registry: { files: ['registry.yaml'], sharingRules: 'sharing.yaml', maxFaultyShare: 0.5 },
    forwarding: {
      certificate: 'client.pem',
      key: 'client.key',
      // Many a test has a provider that does nothing but fail; the circuit has tests of its own.
      breaker: { minimumCalls: 1_000_000 },
      dialOverrides: { 'provider.thirdparty.nhs.uk:443': `127.0.0.1:${providerPort}`, ...dialOverrides },
    },
    audit: { node: 'test' },
    checks: {},
    lockouts: { signingKey },
    logging: { level: 'silent' },
  }
  const sections = Object.keys({ ...usual, ...settings })
  return { dataDirectory: 'data', workers, ...Object.fromEntries(sections.map((name) => [name, { ...usual[name], ...settings[name] }])) }
}
