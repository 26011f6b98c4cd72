import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { connect } from 'node:tls'
import { agent } from 'supertest'
import { AuditUnavailable } from '../../src/audit/audit-trail.ts'
import type { AuditIndex } from '../../src/audit/index/audit-index.ts'
import { indexSettings } from '../../src/audit/index/index-settings.ts'
import { createIndexWork } from '../../src/audit/index/index-work.ts'
import { createLookups } from '../../src/audit/index/lookups.ts'
import { openIndexStore } from '../../src/audit/index/open-index-store.ts'
import { openPeriodKeys } from '../../src/audit/period-keys.ts'
import { systemClock } from '../../src/lib/clock.ts'
import { createMetrics } from '../../src/metrics/metrics.ts'
import { createExpiryGauges } from '../../src/ops/expiry-gauges.ts'
import type { OpsParts, Readiness } from '../../src/ops/ops-parts.ts'
import { type OpsServer, startOps } from '../../src/ops/ops-server.ts'
import { type OpsSettings, opsSettings } from '../../src/ops/ops-settings.ts'
import { silentReport } from '../../src/state/lockout-fan-out.ts'
import { lockoutSettings } from '../../src/state/lockout-settings.ts'
import { openLockouts } from '../../src/state/open-lockouts.ts'
import { type Authority, createAuthority, type Issued } from './certificate-authority.ts'

/** Who can knock at the operators' port in a test. */
export interface Cast {
  readonly authority: Authority
  readonly dataAuthority: Authority
  readonly server: Issued
  readonly operator: Issued
  readonly viewer: Issued
  readonly roleless: Issued
  /** As the operator by name, from the data port's authority. */
  readonly impostor: Issued
}

/** Two authorities and everybody's certificates. */
export async function createCast(): Promise<Cast> {
  const authority = await createAuthority({ name: 'Operators CA' })
  const dataAuthority = await createAuthority({ name: 'Data CA' })
  const client = { usages: ['clientAuth'] as const, dnsNames: [] }
  return {
    authority,
    dataAuthority,
    server: await authority.issue({ cn: 'localhost', ipAddresses: ['127.0.0.1'], usages: ['serverAuth'] }),
    operator: await authority.issue({ ...client, cn: 'olive' }),
    viewer: await authority.issue({ ...client, cn: 'victor' }),
    roleless: await authority.issue({ ...client, cn: 'rolf' }),
    impostor: await dataAuthority.issue({ ...client, cn: 'olive' }),
  }
}

/** A running operators' leg, what its parts were asked, and how to ask it. */
export interface TestOps {
  readonly ops: OpsServer
  readonly settings: OpsSettings
  readonly directory: string
  readonly parts: OpsParts
  readonly acts: unknown[][]
  /** What was done with circuits. */
  readonly holds: unknown[][]
  readonly unforeseen: unknown[]
  /** What is searched: a real index of the logs in `directory`, which takes in nothing by itself. */
  readonly index: AuditIndex
  readonly world: { readiness: Readiness; auditFails: boolean; reload: () => void; now: number | undefined }
  close(): Promise<void>
}

export const ready: Readiness = {
  ready: true,
  items: [{ name: 'registry', ok: true, detail: '12 systems' }],
  degraded: [],
  warnings: [],
  observed: [],
}

/** Starts the operators' leg in a directory of its own on a free port. */
export async function startTestOps(cast: Cast, overrides: Partial<OpsSettings> = {}): Promise<TestOps> {
  const directory = await mkdtemp(join(tmpdir(), 'ops-'))
  const files = { certificate: join(directory, 'server.pem'), key: join(directory, 'server.key'), anchor: join(directory, 'operators.pem') }
  await writeFile(files.certificate, cast.server.chainPem)
  await writeFile(files.key, cast.server.keyPem, { mode: 0o600 })
  await writeFile(files.anchor, cast.authority.certificatePem)
  const settings = {
    ...opsSettings.parse({
      port: 0,
      certificate: files.certificate,
      key: files.key,
      anchors: [files.anchor],
      roles: [
        { commonName: 'olive', role: 'operator' },
        { sha256: cast.viewer.sha256.toUpperCase(), role: 'viewer' },
      ],
    }),
    ...overrides,
  }
  const world: TestOps['world'] = { readiness: ready, auditFails: false, reload: () => undefined, now: undefined }
  const clock = { now: () => world.now ?? systemClock.now(), elapsed: systemClock.elapsed }
  const acts: unknown[][] = []
  const unforeseen: unknown[] = []
  const holds: unknown[][] = []
  const circuits = [{ host: 'provider.example.nhs.uk', circuit: 'open', opensInMs: 3000, limit: 4, inFlight: 0, waiting: 0 } as const]
  const metrics = createMetrics()
  const act = async (...done: readonly [actor: string, act: string, detail: object]): Promise<void> => {
    if (world.auditFails) throw new AuditUnavailable('disk full at /var/lib/ssp/audit')
    acts.push([...done])
  }
  const store = openIndexStore(indexSettings.parse({}), { dataDirectory: directory, now: clock.now })
  const index = createIndexWork({ store, dataDirectory: directory, node: 'n', retentionMonths: 24, clock })
  const lookups = createLookups({ index, keys: openPeriodKeys(directory), now: clock.now, record: act })
  const parts: OpsParts = {
    version: { name: 'ssp', version: '1.2.3', node: process.version },
    metrics,
    expiry: createExpiryGauges(metrics, () => true),
    lockouts: await openLockouts(lockoutSettings.parse({}), {
      dataDirectory: directory,
      node: 'test',
      clock,
      redis: undefined,
      report: silentReport,
    }),
    isRegistered: ({ value }) => value !== 'T00000-0000000',
    circuits: {
      list: () => circuits,
      isRegistered: (host) => host === 'provider.example.nhs.uk',
      hold: async (...held) => void holds.push(held),
    },
    lookups,
    witness: () => undefined,
    readiness: () => world.readiness,
    reload: async () => {
      world.reload()
      return { ok: true, detail: 'reloaded' }
    },
    effectiveConfig: () => ({ ops: { port: 8444 } }),
    act,
    unforeseen: (error) => unforeseen.push(error),
  }
  const dataAnchors = new Set([cast.dataAuthority.sha256])
  const ops = await startOps(parts, settings, { dataDirectory: directory, clock, dataAnchors })
  return {
    ops,
    settings,
    directory,
    parts,
    acts,
    holds,
    unforeseen,
    world,
    index,
    async close() {
      await ops.close()
      await index.close()
      await rm(directory, { recursive: true })
    },
  }
}

/** Asks the port as the holder of a certificate, or as nobody; the server's certificate is checked. */
export function asking({ ops }: TestOps, cast: Cast, as?: Issued) {
  return agent(`https://localhost:${ops.port}`, { ca: cast.authority.certificatePem, ...(as && { cert: as.chainPem, key: as.keyPem }) })
}

/** What the port answers to these bytes and then closes, with nothing in between that would repair them. */
export function rawAnswer({ ops }: TestOps, cast: Cast, bytes: string, as?: Issued): Promise<string> {
  return new Promise((resolve, reject) => {
    const credentials = as === undefined ? {} : { cert: as.chainPem, key: as.keyPem }
    const socket = connect({ host: 'localhost', port: ops.port, ca: cast.authority.certificatePem, ...credentials })
    let text = ''
    socket.setEncoding('utf8')
    socket.on('data', (chunk: string) => {
      text += chunk
    })
    socket.once('end', () => resolve(text))
    socket.once('error', reject)
    socket.write(bytes)
  })
}
