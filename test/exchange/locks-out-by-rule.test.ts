import { generateKeyPairSync, sign, X509Certificate } from 'node:crypto'
import { callControl } from '../../src/ops/control-client.ts'
import { type Answer, type Call, call, speak, tokenFor, wireText } from '../support/consumer.ts'
import { everyRefusalRecorded } from '../support/expect-refusal.ts'
import { startFakeProvider } from '../support/fake-provider.ts'
import { type FurtherProvider, furtherProvider } from '../support/further-providers.ts'
import { certificates, startWorld, type World, type WorldOptions, world } from '../support/start-world.ts'
import { until } from '../support/until.ts'

type Rule = Readonly<Record<string, unknown>>

const rule = (counts: object, stage: string, more: object = {}): Rule => ({ name: 'test', counts, stage, slowAt: 3, blockAt: 5, ...more })

/** A world of one test, with these rules. */
async function within(rules: readonly Rule[], act: (here: World) => Promise<void>, more: WorldOptions = {}): Promise<void> {
  const settings = {
    ...everyRefusalRecorded,
    ...more.settings,
    lockoutRules: { rules, slowMilliseconds: 200, ...more.settings?.['lockoutRules'] },
  }
  const here = await startWorld({ ...more, settings })
  try {
    await act(here)
  } finally {
    await here.close()
  }
}

interface Listed {
  readonly selector: { readonly kind: string; readonly value: string }
  readonly effect: string
  readonly state: string
  readonly author: string
  readonly evidence: readonly string[]
  readonly id: string
}

async function lockoutsOf(here: World): Promise<readonly Listed[]> {
  return ((await callControl(here.proxy.socketPath, 'GET', '/lockouts')).body as { lockouts: Listed[] }).lockouts
}

const blocksOf = async (here: World) => (await lockoutsOf(here)).filter(({ effect }) => effect === 'block')
const sha256 = (pem: string): string => new X509Certificate(pem).fingerprint256.replaceAll(':', '').toLowerCase()
const times = async (count: number, act: () => Promise<Answer>): Promise<readonly Answer[]> => {
  const answers: Answer[] = []
  for (let at = 0; at < count; at++) answers.push(await act())
  return answers
}

/** The consumer's certificate is locked out by the rule, with the exchanges of these answers for evidence. Gives the lockout. */
async function lockedOutBy(here: World, refused: readonly Answer[]): Promise<Listed | undefined> {
  const [found] = await until('it is locked out', async () => {
    const blocks = await blocksOf(here)
    return blocks.length > 0 && blocks
  })
  expect(found).toMatchObject({
    selector: { kind: 'certificate', value: sha256(here.certificates.consumer.certificatePem) },
    author: 'rule:test',
    evidence: refused.map(({ exchange }) => exchange),
  })
  expect((await call(here)).verdict.rule).toBe('lockout')
  return found
}

test.each<[string, object, Call]>([
  ["R4, T15: another's ASID", { 'wrong-asid': 1 }, { headers: { 'Ssp-From': world.stranger.asid } }],
  ['an unknown ASID', { 'wrong-asid': 1 }, { headers: { 'Ssp-From': '200000000999' } }],
  ['another path than the registered one', { 'endpoint-probing': 1 }, { url: 'https://provider.thirdparty.nhs.uk/T00001/STU3/1/Patient' }],
  ['malformed framing', { 'malformed-framing': 1 }, { headers: { 'X-HTTP-Method-Override': 'DELETE' } }],
])(
  'evidence of %s locks out the certificate that gave it, by the rule that counts it, with the exchanges that speak for it',
  async (_, counts, wrong) => {
    await within([rule(counts, 'block', { slowAt: 5 })], async (here) => {
      const refused = await times(5, () => call(here, wrong))
      const found = await lockedOutBy(here, refused)
      await until('the rule’s act is in the audit, with its evidence', () =>
        here
          .audit()
          .some(
            (entry) =>
              entry.type === 'operation' &&
              entry.actor === 'rule:test' &&
              String(entry.detail['evidence']).includes(refused[4]?.exchange ?? '?'),
          ),
      )
      expect((await callControl(here.proxy.socketPath, 'DELETE', `/lockouts/${found?.id}`)).status).toBe(200)
      expect((await call(here)).status).toBe(200)
    })
  },
)

test('R4: who sends the Ssp-From of somebody else locks out nobody but itself', async () => {
  await within([rule({ 'wrong-asid': 1, 'malformed-framing': 1 }, 'block')], async (here) => {
    await times(8, () => call(here, { as: here.certificates.stranger, headers: { 'Ssp-From': world.consumer.asid } })).catch(
      () => undefined,
    )
    await until('the stranger is locked out', async () => (await blocksOf(here)).length > 0)
    expect((await blocksOf(here)).map(({ selector }) => selector.value)).toEqual([sha256(here.certificates.stranger.certificatePem)])
    expect((await call(here)).status).toBe(200)
  })
})

test('R4: without a certificate, or with one that is not good, nobody is counted', async () => {
  await within([rule({ 'wrong-asid': 1, 'malformed-framing': 1 }, 'block')], async (here) => {
    for (const as of [null, here.certificates.badExpired, here.certificates.badAuthority])
      for (let at = 0; at < 8; at++) await speak(here, wireText({ extra: 'Transfer-Encoding: gzip\r\n' }), { as })
    const { body } = { body: await metricsOf(here) }
    expect(body).not.toMatch(/^ssp_lockout_evidence_total\{/m)
    expect(await lockoutsOf(here)).toEqual([])
    expect((await call(here)).status).toBe(200)
  })
})

test('R4: of a shared certificate only the system that was proven is locked out; what proves none is only told', async () => {
  const second = { ...world.consumer, asid: '200000000361' }
  const held = [world.searchPatient]
  const systems = [{ asid: second.asid, odsCode: second.odsCode, partyKey: second.partyKey, interactions: held }]
  const sharingRules = [{ reference: 'TEST-1', effect: 'allow', from: '*', to: '*', interactions: ['*'] }]
  await within(
    [rule({ 'wrong-asid': 1, 'endpoint-probing': 1 }, 'block')],
    async (here) => {
      await times(8, () => call(here, { headers: { 'Ssp-From': world.stranger.asid } }))
      await until('the rule has told of it', () =>
        here.audit().some((entry) => entry.type === 'operation' && entry.act === 'lockout-rule' && entry.detail['would'] === 'block'),
      )
      expect(await lockoutsOf(here)).toEqual([])
      await times(8, () => call(here, { url: 'https://provider.thirdparty.nhs.uk/T00001/STU3/1/Patient' }))
      await until('it is locked out', async () => (await blocksOf(here)).length > 0)
      const certificate = sha256(here.certificates.consumer.certificatePem)
      expect((await blocksOf(here)).map(({ selector }) => selector)).toEqual([
        { kind: 'binding', value: `${certificate}:${world.consumer.asid}` },
      ])
      expect((await call(here)).verdict.rule).toBe('lockout')
      expect((await call(here, { headers: { 'Ssp-From': second.asid } })).verdict.rule).not.toBe('lockout')
    },
    { systems, sharingRules },
  )
})

test('refusals by one provider, however many, lock out nobody', async () => {
  await within([rule({ 'refused-by-provider': 1 }, 'block')], async (here) => {
    here.provider.answer = (_request, response) => {
      response.writeHead(403)
      response.end()
    }
    expect((await times(8, () => call(here))).map(({ status }) => status)).toEqual(Array(8).fill(403))
    expect(await lockoutsOf(here)).toEqual([])
  })
})

test('R4: refusals by three providers lock out the certificate, by the exchanges that they refused; by two, however many, they do not', async () => {
  const all = await certificates()
  const further = ['one', 'two', 'three'].map((name, at) => furtherProvider(`refusing-${name}`, 20 + at))
  const hosts = further.map(({ host }) => host)
  const issued = await all.intermediate.issue({ cn: hosts[0] as string, dnsNames: hosts, usages: ['serverAuth'] })
  const refusing = await startFakeProvider({ cert: issued.chainPem, key: issued.keyPem, ca: all.authority.certificatePem })
  refusing.answer = (_request, response) => response.writeHead(403).end()
  const asked = ({ root, asid }: FurtherProvider): Call => ({ url: `${root}/Patient?identifier=x`, headers: { 'Ssp-To': asid } })
  const act = async (here: World): Promise<void> => {
    const refusedBy = (provider: FurtherProvider) => call(here, asked(provider))
    const [first, second, third] = further as [FurtherProvider, FurtherProvider, FurtherProvider]
    const refused = [...(await times(4, () => refusedBy(first))), ...(await times(4, () => refusedBy(second)))]
    expect(refused.map(({ status }) => status)).toEqual(Array(8).fill(403))
    expect(await lockoutsOf(here)).toEqual([])
    refused.push(await refusedBy(third))
    await lockedOutBy(here, refused)
  }
  try {
    await within([rule({ 'refused-by-provider': 1 }, 'block', { slowAt: 5 })], act, {
      systems: further.map(({ system }) => system),
      endpoints: further.map(({ endpoint }) => endpoint),
      dialOverrides: Object.fromEntries(hosts.map((host) => [`${host}:443`, `127.0.0.1:${refusing.port}`])),
    })
  } finally {
    await refusing.close()
  }
})

test('evidence of a forged token, signed with a key that is not registered, locks out the certificate that sent it; a late one does not', async () => {
  const [registered, forger] = [generateKeyPairSync('ed25519'), generateKeyPairSync('ed25519')]
  const publicKeys = [registered.publicKey.export({ type: 'spki', format: 'pem' }).toString()]
  const checks = { 'access-token': { keys: [{ asid: world.consumer.asid, publicKeys }] } }
  const bearer = ({ privateKey }: typeof forger, change: object = {}): Call => {
    const claims = tokenFor(world.searchPatient, { ...change }).split('.')[1] ?? ''
    const head = `${Buffer.from('{"alg":"EdDSA","typ":"JWT"}').toString('base64url')}.${claims}`
    return { headers: { Authorization: `Bearer ${head}.${sign(null, Buffer.from(head), privateKey).toString('base64url')}` } }
  }
  await within(
    [rule({ 'token-forgery': 1 }, 'block', { slowAt: 5 })],
    async (here) => {
      expect((await call(here, bearer(registered))).status).toBe(200)
      const past = Math.floor(Date.now() / 1000) - 3_600
      const late = await times(8, () => call(here, bearer(registered, { iat: past, exp: past + 300 })))
      expect(late.map(({ verdict }) => verdict.rule)).toEqual(Array(8).fill('access-token'))
      expect(await lockoutsOf(here)).toEqual([])
      const forged = await times(5, () => call(here, bearer(forger)))
      expect(forged.map(({ verdict }) => verdict.rule)).toEqual(Array(5).fill('access-token'))
      const [found] = await until('it is locked out', async () => {
        const blocks = await blocksOf(here)
        return blocks.length > 0 && blocks
      })
      expect(found).toMatchObject({ author: 'rule:test', evidence: forged.map(({ exchange }) => exchange) })
      expect((await call(here, bearer(registered))).verdict.rule).toBe('lockout')
    },
    { settings: { checks } },
  )
})

test('of a flood, whose calls are recorded singly only up to ten a second, a lockout names those as evidence that are on record', async () => {
  const counts = { 'malformed-framing': 1 }
  const audit = { flood: { perKeyPerSecond: 4, perProcessPerSecond: 100 } }
  const act = async (here: World): Promise<void> => {
    await times(40, () => call(here, { headers: { 'X-HTTP-Method-Override': 'DELETE' } })).catch(() => undefined)
    const [found] = await until('it is locked out', async () => {
      const blocks = await blocksOf(here)
      return blocks.length > 0 && blocks
    })
    const recorded = () => here.audit().flatMap((entry) => (entry.type === 'refused' ? [entry.exchange] : []))
    expect(found?.evidence.length).toBeGreaterThan(0)
    await until('they are on record', () => found?.evidence.every((exchange) => recorded().includes(exchange)), 5_000)
    // There were more than are on record, or nothing was shown.
    expect(recorded().length).toBeLessThan(40)
  }
  await within([rule(counts, 'block', { slowAt: 40, blockAt: 40 })], act, { settings: { audit } })
})

test('a rule that observes says what it would do, and does nothing', async () => {
  await within([rule({ 'wrong-asid': 1 }, 'observe')], async (here) => {
    await times(8, () => call(here, { headers: { 'Ssp-From': world.stranger.asid } }))
    await until('it is in the audit', () =>
      here.audit().some((entry) => entry.type === 'operation' && entry.act === 'lockout-rule' && entry.detail['would'] === 'block'),
    )
    expect(await lockoutsOf(here)).toEqual([])
    expect(await metricsOf(here)).toContain('ssp_lockout_rule_judgements_total{rule="test",would="block",act="observe"} 1')
  })
})

test('whoever is slowed down waits before anything is decided, holds no place at the provider, and others do not wait', async () => {
  await within([rule({ 'wrong-asid': 1 }, 'slow')], async (here) => {
    await times(3, () => call(here, { headers: { 'Ssp-From': world.stranger.asid } }))
    await until('it is slowed down', async () => (await lockoutsOf(here)).some(({ effect }) => effect === 'slow'))
    const before = here.provider.received.length
    const began = performance.now()
    const slowed = call(here)
    expect((await call(here, { as: here.certificates.stranger, headers: { 'Ssp-From': world.stranger.asid } })).verdict.rule).toBe(
      'data-sharing',
    )
    expect(here.provider.received).toHaveLength(before)
    expect((await slowed).status).toBe(200)
    expect(performance.now() - began).toBeGreaterThanOrEqual(195)
  })
})

test('of whoever is slowed down only so many requests wait; the rest gets 429', async () => {
  // Both come within five seconds, and one may wait.
  const lockoutRules = { slowMilliseconds: 5_000, slowedPerCertificate: 1 }
  const act = async (here: World): Promise<void> => {
    await times(3, () => call(here, { headers: { 'Ssp-From': world.stranger.asid } }))
    await until('it is slowed down', async () => (await lockoutsOf(here)).some(({ effect }) => effect === 'slow'))
    const answers = await Promise.all([call(here), call(here)])
    expect(answers.map(({ status }) => status).sort()).toEqual([200, 429])
    expect(answers.find(({ status }) => status === 429)?.headers['retry-after']).toBe('5')
  }
  await within([rule({ 'wrong-asid': 1 }, 'slow')], act, { settings: { lockoutRules } })
})

test('a block by a rule waits for a second person where the settings say so; whoever proposed by hand cannot confirm', async () => {
  const settings = { lockouts: { confirmByRule: true, confirmByHand: true } }
  await within(
    [rule({ 'wrong-asid': 1 }, 'block', { slowAt: 5 })],
    async (here) => {
      await times(5, () => call(here, { headers: { 'Ssp-From': world.stranger.asid } }))
      const [proposed] = await until('it is proposed', async () => {
        const found = await lockoutsOf(here)
        return found.length > 0 && found
      })
      expect([proposed?.state, (await call(here)).status]).toEqual(['proposed', 200])
      const ask = (id: string | undefined) => callControl(here.proxy.socketPath, 'POST', `/lockouts/${id}/confirm`)
      expect((await ask(proposed?.id)).status).toBe(200)
      expect((await call(here)).verdict.rule).toBe('lockout')
      const own = await callControl(here.proxy.socketPath, 'POST', '/lockouts', { asid: world.stranger.asid, reason: 'mine' })
      expect((await ask((own.body as Listed).id)).status).toBe(409)
    },
    { settings },
  )
})

async function metricsOf(here: World): Promise<string> {
  const { body } = await callControl(here.proxy.socketPath, 'GET', '/metrics')
  return String(body)
}
