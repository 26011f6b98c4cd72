import { spawnSync } from 'node:child_process'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { call } from '../support/consumer.ts'
import {
  type ExpectedRefusal,
  everyRefusalRecorded,
  expectRefusal,
  expectRefusedAnswer,
  forwardedRecords,
} from '../support/expect-refusal.ts'
import { startFakeProvider } from '../support/fake-provider.ts'
import { furtherProvider } from '../support/further-providers.ts'
import { findProgram, runProgram, whereInstalled } from '../support/outside-program.ts'
import { certificates, startWorld, type World, world } from '../support/start-world.ts'
import { startWorldProcess, type WorldProcess } from '../support/start-world-process.ts'
import { whereMet } from '../support/where-met.ts'

describe('P5: what is looked up by several things is taken for no other whose texts join to the same', () => {
  /** Pairs that cannot be told apart once they are written side by side. */
  const twins = [
    { asid: '910000000001', odsCode: 'T1', partyKey: 'T11-000001', cpaId: 'S1' },
    { asid: '910000000002', odsCode: 'T1T', partyKey: '11-000001', cpaId: 'S2' },
    { asid: '910000000003', odsCode: 'T1T1', partyKey: '1-000001', cpaId: 'S3' },
    { asid: '910000000004', odsCode: 'T1T11', partyKey: '000001', cpaId: 'S4' },
    { asid: '910000000005', odsCode: 'T', partyKey: '1T11-000001', cpaId: 'S5' },
    { asid: '910000000006', odsCode: 't1', partyKey: 'T11-000001', cpaId: 'S6' },
    { asid: '910000000007', odsCode: 'T1', partyKey: 'T11-00001', cpaId: 'S7' },
    { asid: '910000000008', odsCode: 'T1', partyKey: 'T11-0000011', cpaId: 'S8' },
  ]
  let here: World
  beforeAll(async () => {
    here = await startWorld({
      settings: everyRefusalRecorded,
      systems: twins.map(({ asid, odsCode, partyKey }) => ({ asid, odsCode, partyKey, interactions: [] })),
      endpoints: twins.map(({ cpaId, odsCode, partyKey }, at) => ({
        ...{ cpaId, odsCode, partyKey, interaction: world.searchPatient, fqdn: 'provider.thirdparty.nhs.uk' },
        url: `https://provider.thirdparty.nhs.uk/own${at}`,
      })),
      // Each is allowed by a rule of its own.
      sharingRules: [
        ...twins.map(({ asid, cpaId }) => ({ reference: cpaId, effect: 'allow', from: '*', to: { asid }, interactions: ['*'] })),
      ],
    })
  })
  afterAll(() => here.close())

  test.each(twins.map((one, at) => [`${one.odsCode} ${one.partyKey}`, one, at] as const))('%s', async (_name, { asid, cpaId }, at) => {
    const own = await call(here, { url: `https://provider.thirdparty.nhs.uk/own${at}/Patient`, headers: { 'Ssp-To': asid } })
    expect(own.status).toBe(200)
    const { forwarding } = await forwardedRecords(here, own)
    expect([forwarding.endpoint.cpaId, forwarding.sharingRule]).toEqual([cpaId, cpaId])
    for (let other = 0; other < twins.length; other++) {
      if (other === at) continue
      const answer = await call(here, { url: `https://provider.thirdparty.nhs.uk/own${other}/Patient`, headers: { 'Ssp-To': asid } })
      expect([answer.status, answer.verdict.rule, answer.closes]).toEqual([400, 'registered-endpoint', false])
      expect(answer.body.toString()).toContain(`ENDPOINT_https://provider.thirdparty.nhs.uk/own${at}_CPAID_${cpaId}_VARIES_FROM_TARGETURL_`)
    }
  })

  test('an interaction that only begins or ends like the registered one is another', async () => {
    for (const interaction of [
      `${world.searchPatient}1`,
      world.searchPatient.slice(0, -1),
      world.searchPatient.toUpperCase(),
      `x${world.searchPatient}`,
    ])
      await expectRefusal(
        here,
        { interaction, headers: { 'Ssp-To': '910000000001' } },
        {
          ...{ status: 403, rule: 'sender-interaction', origin: 'policy', code: 'SENDER_NOT_ACCREDITED', issue: 'forbidden' },
          text: `ASID_CHECK_FAILED_MESSAGESENDER_${world.consumer.asid}`,
        },
      )
  })
})

test('P5: connections are kept by host and by pin: one is not lent to a record that pins another certificate', async () => {
  const { provider: cast, authority } = await certificates()
  const [plain, pinned, wrong] = [furtherProvider('shared', 1), furtherProvider('shared', 2), furtherProvider('shared', 3)]
  const { intermediate } = await certificates()
  const own = await intermediate.issue({ cn: plain.host, dnsNames: [plain.host], usages: ['serverAuth'] })
  const provider = await startFakeProvider({ cert: own.chainPem, key: own.keyPem, ca: authority.certificatePem })
  const here = await startWorld({
    settings: everyRefusalRecorded,
    systems: [plain.system, pinned.system, wrong.system],
    endpoints: [plain.endpoint, { ...pinned.endpoint, pin: own.sha256 }, { ...wrong.endpoint, pin: cast.sha256 }],
    dialOverrides: { [`${plain.host}:443`]: `127.0.0.1:${provider.port}` },
  })
  try {
    for (const [one, status] of [
      [plain, 200],
      [pinned, 200],
      [wrong, 502],
      [plain, 200],
      [wrong, 502],
    ] as const) {
      const answer = await call(here, { url: `${one.root}/Patient`, headers: { 'Ssp-To': one.asid } })
      expect([one.asid, answer.status]).toEqual([one.asid, status])
    }
    expect(provider.received).toHaveLength(3)
  } finally {
    await here.close()
    await provider.close()
  }
})

/** A name space needs to be root, or to be allowed to be it there. */
const mayUnshare = (unshare: string) => {
  const asRoot = process.geteuid?.() === 0 ? [] : ['--map-root-user']
  return spawnSync(unshare, [...asRoot, '--mount', 'true']).status === 0
}

whereInstalled('unshare', mayUnshare, (unshare) => {
  describe('P6: an endpoint whose name leads to an address that no provider has', () => {
    const hostile = furtherProvider('hostile', 1)
    let here: WorldProcess
    beforeAll(async () => {
      // The process sees names as this file has them, and nobody else does.
      here = await startWorldProcess({
        settings: { ...everyRefusalRecorded, checks: { throttle: { requestsPerSecond: 1_000, burst: 1_000 } } },
        systems: [hostile.system],
        endpoints: [hostile.endpoint],
        ownHosts: unshare,
      })
    })
    afterAll(() => here.close())

    const refused: ExpectedRefusal = {
      ...{ status: 502, rule: 'provider-exchange', origin: 'policy', code: 'PROVIDER_UNREACHABLE', issue: 'transient', closes: false },
      text: `ERROR_COMMUNICATING_TO_ENDPOINT_URL_${hostile.root}/Patient`,
      verdict: 'PROVIDER_ADDRESS_FORBIDDEN',
    }

    async function leadTo(...addresses: readonly string[]): Promise<void> {
      await writeFile(join(here.directory, 'hosts'), addresses.map((address) => `${address} ${hostile.host}\n`).join(''))
    }

    test.each([
      ['loopback', ['127.0.0.1']],
      ['loopback of IPv6', ['::1']],
      ['all addresses of this machine', ['0.0.0.0']],
      ['a private network', ['10.0.0.1']],
      ['another private network', ['192.168.0.1']],
      ['metadata', ['169.254.169.254']],
      ['link-local of IPv6', ['fe80::1']],
      ['unique-local', ['fd00:ec2::254']],
      ['loopback within IPv6', ['::ffff:127.0.0.1']],
      ['metadata by NAT64', ['64:ff9b::a9fe:a9fe']],
      ['multicast', ['224.0.0.1']],
      ['several of them', ['127.0.0.1', '10.0.0.1', '169.254.169.254']],
    ] as const)('%s: is not dialled; 502, and the reason in the audit alone', async (_what, addresses) => {
      await leadTo(...addresses)
      const answer = await call(here, { url: `${hostile.root}/Patient`, headers: { 'Ssp-To': hostile.asid } })
      expectRefusedAnswer(answer, refused)
      for (const address of addresses) expect(answer.body.toString() + answer.rawHeaders.join()).not.toContain(address)
      const { outcome } = await forwardedRecords(here as never, answer)
      expect(outcome).toMatchObject({
        end: 'refused',
        status: 502,
        origin: 'policy',
        verdict: 'PROVIDER_ADDRESS_FORBIDDEN',
        reason: expect.stringMatching(/^refused by the dial guard: the address is /),
      })
    })

    test('a name that changes its mind between two calls is judged at each', async () => {
      for (let turn = 0; turn < 10; turn++) {
        await leadTo(turn % 2 === 0 ? '127.0.0.1' : '169.254.169.254')
        const answer = await call(here, { url: `${hostile.root}/Patient`, headers: { 'Ssp-To': hostile.asid } })
        expectRefusedAnswer(answer, refused)
      }
      expect((await call(here)).status).toBe(200)
    })
  })
})

const [unshare, ip] = [findProgram('unshare'), findProgram('ip')]
const mayHaveNetwork =
  unshare !== undefined && ip !== undefined && spawnSync(unshare, ['--net', '--mount', ip, 'link', 'set', 'lo', 'up']).status === 0
const changingNames = fileURLToPath(new URL('../support/changing-names.ts', import.meta.url))

whereMet('P6: needs a network and mounts of its own (unshare, ip), which is not permitted here', mayHaveNetwork, 'right', () => {
  test('P6: a name is looked up once for a connection, and the very address that was judged is dialled, whatever the name leads to a moment later', async () => {
    const { out, error } = await runProgram(unshare ?? '', ['--net', '--mount', process.execPath, changingNames])
    if (out.length === 0) throw new Error(error)
    const served = { status: 200, origin: 'none', asked: 1, connected: { allowed: 1, forbidden: 0 } }
    const refused = { status: 502, origin: 'policy', asked: 1, connected: { allowed: 0, forbidden: 0 } }
    expect(JSON.parse(out.toString('utf8'))).toEqual([
      { scene: 'turns to the forbidden one behind the first question', ...served },
      { scene: 'has turned', ...refused },
      { scene: 'has both, the forbidden one first', ...served },
      { scene: 'has both, the forbidden one last', ...served },
      { scene: 'turns back', ...refused },
    ])
  })
})
