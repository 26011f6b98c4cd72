import { X509Certificate } from 'node:crypto'
import { call } from '../support/consumer.ts'
import { type ExpectedRefusal, everyRefusalRecorded, expectRefusal } from '../support/expect-refusal.ts'
import { certificates, startWorld, type World, world } from '../support/start-world.ts'

const pinned = '200000000361'
const pinnedByKey = '200000000362'
const setAside = '200000000363'
let here: World

beforeAll(async () => {
  const { stranger } = await certificates()
  const leaf = new X509Certificate(stranger.certificatePem)
  const certificateSha256 = leaf.fingerprint256.replaceAll(':', '').toLowerCase()
  const { createHash } = await import('node:crypto')
  const keySha256 = createHash('sha256')
    .update(leaf.publicKey.export({ type: 'spki', format: 'der' }))
    .digest('hex')
  const system = (asid: string) => ({ asid, odsCode: 'T77777', partyKey: 'T77777-7777777', interactions: [world.searchPatient] })
  here = await startWorld({
    settings: { ...everyRefusalRecorded, registry: { pins: { [pinned]: [certificateSha256], [pinnedByKey]: [keySha256] } } },
    systems: [system(pinned), system(pinnedByKey), system(setAside), { ...system(setAside), odsCode: 'T11111' }],
    sharingRules: [{ reference: 'ALL', effect: 'allow', from: '*', to: '*', interactions: ['*'] }],
  })
})
afterAll(() => here.close())

const row7: ExpectedRefusal = {
  status: 495,
  rule: 'identity-binding',
  origin: 'consumer',
  code: 'BAD_CERTIFICATE',
  issue: 'forbidden',
  text: 'ACCESS_DENIED_SSL',
  closes: true,
}
const from = (asid: string) => ({ headers: { 'Ssp-From': asid } })

test("T15: another system's ASID is answered 495, and closed", async () => {
  await expectRefusal(here, from(world.stranger.asid), { ...row7, reason: /consumer\.thirdparty\.nhs\.uk.*not registered for T66666/ })
})

test('an ASID that nobody has is answered alike', async () => {
  await expectRefusal(here, from('999999999999'), { ...row7, reason: /not in the directory/ })
})

test('an ASID whose record is set aside is answered alike', async () => {
  await expectRefusal(here, from(setAside), { ...row7, reason: /set aside/ })
})

test('O4: the three answers do not differ but for their ids', async () => {
  const answers = await Promise.all([world.stranger.asid, '999999999999', setAside].map((asid) => call(here, from(asid))))
  const told = answers.map(({ body, rawHeaders }) => [
    JSON.stringify({ ...JSON.parse(body.toString()), id: '' }),
    rawHeaders.filter((_, at) => at % 2 === 0).join(),
  ])
  expect(new Set(told.map(String)).size).toBe(1)
})

test.each([
  ['certificate', pinned],
  ['public key', pinnedByKey],
])('an ASID that is pinned to a %s takes no other, though its name is registered, and passes with that one', async (_name, asid) => {
  await expectRefusal(here, from(asid), { ...row7, reason: /pinned to another/ })
  expect((await call(here, { ...from(asid), as: here.certificates.stranger })).status).toBe(200)
})
