import { rename, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { OutcomeEntry } from '../../../src/audit/entry.ts'
import { type CrlOptions, createAuthority, type Issued } from '../../support/certificate-authority.ts'
import { call } from '../../support/consumer.ts'
import { type ExpectedRefusal, everyRefusalRecorded, expectRefusal } from '../../support/expect-refusal.ts'
import { operatorsPage } from '../../support/operators-page.ts'
import { startWorld, type World, world } from '../../support/start-world.ts'
import { shakeHands } from '../../support/tls-consumer.ts'
import { until } from '../../support/until.ts'
import { badCertificate, expectRefused } from '../../support/wire.ts'

let here: World
let edition = 10
beforeAll(async () => {
  here = await startWorld({ settings: everyRefusalRecorded })
})
afterAll(() => here.close())

/** Another certificate of the consumer, so that it can be revoked. */
function anotherOfTheConsumer(): Promise<Issued> {
  return here.certificates.intermediate.issue({ cn: world.consumer.fqdn, dnsNames: [world.consumer.fqdn], usages: ['clientAuth'] })
}

/** Puts a list in place that revokes these too. */
async function putInPlace(revoked: readonly Issued[], options: CrlOptions = {}): Promise<void> {
  for (const { serial } of revoked) here.certificates.intermediate.revoke(serial)
  const { authority, intermediate } = here.certificates
  await writeFile(join(here.directory, 'crl.new'), (await authority.crl()) + (await intermediate.crl({ number: ++edition, ...options })))
  await rename(join(here.directory, 'crl.new'), join(here.directory, 'crl.pem'))
}

/** Puts such a list in place, and reloads. */
async function revoke(...revoked: readonly Issued[]): Promise<void> {
  await putInPlace(revoked)
  expect(await here.proxy.reload('test')).toMatchObject({ ok: true })
}

const revoked: ExpectedRefusal = {
  status: 495,
  rule: 'client-certificate',
  origin: 'consumer',
  code: 'BAD_CERTIFICATE',
  issue: 'forbidden',
  text: 'ACCESS_DENIED_SSL',
  closes: true,
  reason: /^revoked on /,
}

test('T3: an open keep-alive connection of a revoked certificate is cut; others go on', async () => {
  const [victim, bystander] = [await anotherOfTheConsumer(), await anotherOfTheConsumer()]
  const [cut, kept] = [await shakeHands(here, { as: victim }), await shakeHands(here, { as: bystander })]
  expect([(await cut.ask())?.status, (await kept.ask())?.status]).toEqual([200, 200])
  await revoke(victim)
  await cut.closed
  expect((await kept.ask())?.status).toBe(200)
  kept.socket.destroy()
  await expectRefusal(here, { as: victim }, revoked)
  const made = await until('the list is recorded', () =>
    here
      .audit()
      .find((entry) => entry.type === 'operation' && entry.act === 'revocation-list' && entry.detail['number'] === String(edition)),
  )
  expect(made).toMatchObject({
    actor: 'process',
    detail: { issuer: expect.stringContaining('Test Sub'), cutConsumers: 1, cutProviders: 0 },
  })
})

test('a list that is put in place is taken without a word from anybody; how long that took from then on, how many it names, its age and its end are metrics', async () => {
  const metric = async (name: string): Promise<number> => {
    const page = await operatorsPage(here, '/metrics')
    const line = page
      .split('\n')
      .find((one) => one.startsWith(`${name} `) || one.startsWith(`${name}{issuer="O=nhs, OU=CA, CN=Test Sub"} `))
    return Number(line?.slice(line.lastIndexOf(' ') + 1) ?? Number.NaN)
  }
  const effect = async (): Promise<readonly [sum: number, count: number]> => [
    await metric('ssp_revocation_effect_seconds_sum'),
    await metric('ssp_revocation_effect_seconds_count'),
  ]
  const victim = await anotherOfTheConsumer()
  await revoke()
  const consumer = await shakeHands(here, { as: victim })
  expect((await consumer.ask())?.status).toBe(200)
  const [[sum, count], entries] = [await effect(), await metric('ssp_crl_entries')]
  const due = Date.now() + 9 * 3_600_000
  await putInPlace([victim], { nextUpdate: due })
  const placed = performance.now()
  await consumer.closed
  const took = (performance.now() - placed) / 1000
  await expectRefusal(here, { as: victim }, revoked)
  const [laterSum, laterCount] = await until('both lists are counted', async () => {
    const now = await effect()
    return now[1] === count + 2 && now
  })
  const told = (laterSum - sum) / (laterCount - count)
  // A file is read once it has stayed the same for a while.
  expect(took).toBeGreaterThan(1)
  // This side hears of its end a little later, on a busy machine more.
  expect(told).toBeGreaterThan(took - 1.5)
  expect(told).toBeLessThan(took + 0.5)
  expect(await metric('ssp_crl_entries')).toBe(entries + 1)
  expect(await metric('ssp_crl_next_update_timestamp_seconds')).toBe(Math.floor(due / 1000))
  const age = await metric('ssp_crl_age_seconds')
  expect(age).toBeGreaterThan(3_590)
  expect(age).toBeLessThan(3_700)
})

test('T3: a stream under way is cut, the provider with it, and the audit says why', async () => {
  const victim = await anotherOfTheConsumer()
  let providerClosed: () => void = () => undefined
  const providerSaw = new Promise<void>((resolve) => {
    providerClosed = resolve
  })
  here.provider.answer = (_request, response) => {
    response.writeHead(200, { 'Content-Type': 'application/fhir+json' })
    response.write('{"begun":')
    response.once('close', providerClosed)
  }
  const usual = await shakeHands(here, { as: victim })
  try {
    void usual.ask()
    await until('the answer has begun', () => usual.text.includes('{"begun":'))
    await revoke(victim)
    await Promise.all([usual.closed, providerSaw])
  } finally {
    here.provider.answer = async (_request, response, body) => {
      await body()
      response.writeHead(200, { 'Content-Type': 'application/fhir+json' }).end('{}')
    }
  }
  const exchange = /Ssp-Verdict: .*id="([0-9a-f]{32})"/.exec(usual.text)?.[1]
  const outcome = await until('the outcome is recorded', () =>
    here.audit().find((entry): entry is OutcomeEntry => entry.type === 'outcome' && entry.exchange === exchange),
  )
  expect(outcome).toMatchObject({
    end: 'aborted',
    status: 200,
    rule: 'client-certificate',
    origin: 'consumer',
    reason: expect.stringMatching(/^revoked on /),
  })
})

test('T3: a call whose answer has not begun is cut too, and recorded as refused', async () => {
  const victim = await anotherOfTheConsumer()
  let asked: () => void = () => undefined
  const providerAsked = new Promise<void>((resolve) => {
    asked = resolve
  })
  const before = here.provider.answer
  here.provider.answer = () => asked()
  const consumer = await shakeHands(here, { as: victim })
  try {
    const answer = consumer.ask()
    await providerAsked
    await revoke(victim)
    await consumer.closed
    expect(await answer).toBeUndefined()
  } finally {
    here.provider.answer = before
  }
  const outcome = await until('the outcome is recorded', () => here.audit().findLast((entry) => entry.type === 'outcome'))
  expect(outcome).toMatchObject({ end: 'refused', rule: 'client-certificate', reason: expect.stringMatching(/^revoked on /) })
})

describe.each(['TLSv1.2', 'TLSv1.3'] as const)('T2: over %s', (version) => {
  test('the session of a revoked certificate is not resumed, and is refused', async () => {
    const victim = await anotherOfTheConsumer()
    const options = { as: victim, minVersion: version, maxVersion: version }
    const first = await shakeHands(here, options)
    expect((await first.ask())?.status).toBe(200)
    const session = first.session as Buffer
    const resumed = await shakeHands(here, { ...options, session })
    expect([resumed.socket.isSessionReused(), (await resumed.ask())?.status]).toEqual([true, 200])
    await revoke(victim)
    await Promise.all([first.closed, resumed.closed])
    const last = await shakeHands(here, { ...options, session })
    const answer = await last.ask()
    expect(last.socket.isSessionReused()).toBe(false)
    expect((await expectRefused(here, answer, badCertificate)).reason).toMatch(/^revoked on /)
    await last.closed
  })

  test('a session that began before a reload brings nobody past it: everybody shakes hands anew', async () => {
    const options = { minVersion: version, maxVersion: version }
    const first = await shakeHands(here, options)
    await first.ask()
    const session = first.session as Buffer
    first.socket.destroy()
    await here.proxy.reload('test')
    const next = await shakeHands(here, { ...options, session })
    expect([next.socket.isSessionReused(), (await next.ask())?.status]).toEqual([false, 200])
    next.socket.destroy()
  })
})

describe('T7: the last good list stays in force, loudly, where the file is', () => {
  let victim: Issued
  beforeAll(async () => {
    victim = await anotherOfTheConsumer()
    await revoke(victim)
  })

  test.each<[string, () => Promise<string>]>([
    ['rubbish', async () => 'rubbish'],
    ['empty', async () => ''],
    ['of a stranger', async () => (await createAuthority({ name: 'Stranger' })).crl()],
    ['only half of what it was', () => here.certificates.authority.crl({ number: 99 })],
    [
      'O8: older',
      async () => (await here.certificates.authority.crl({ number: 99 })) + (await here.certificates.intermediate.crl({ number: 2 })),
    ],
  ])('%s', async (_what, text) => {
    await writeFile(join(here.directory, 'crl.pem'), await text())
    expect(await here.proxy.reload('test')).toEqual({ ok: false, detail: expect.stringContaining('crl.pem') })
    await expectRefusal(here, { as: victim }, revoked)
    expect((await call(here)).status).toBe(200)
  })
})
