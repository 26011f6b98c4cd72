import { call } from '../support/consumer.ts'
import { type ExpectedRefusal, everyRefusalRecorded, expectRefusal, refusedRecord } from '../support/expect-refusal.ts'
import { type Certificates, startWorld, type World } from '../support/start-world.ts'

let here: World
beforeAll(async () => {
  here = await startWorld({ settings: everyRefusalRecorded })
})
afterAll(() => here.close())

const row2: ExpectedRefusal = {
  status: 495,
  rule: 'client-certificate',
  origin: 'consumer',
  code: 'BAD_CERTIFICATE',
  issue: 'forbidden',
  text: 'ACCESS_DENIED_SSL',
  closes: true,
}

test('no certificate is answered 496, and the connection is closed', async () => {
  const answer = await expectRefusal(here, { as: null }, { ...row2, status: 496, code: 'NO_CERTIFICATE', reason: /no certificate/ })
  const { consumer } = await refusedRecord(here, answer)
  expect(consumer.certificateSha256).toBeUndefined()
})

const badSet: readonly (readonly [keyof Certificates, RegExp])[] = [
  ['badAuthority', /anchor|chain|issuer/],
  ['badExpired', /expired/],
  ['badRevoked', /revoked/],
  ['badEku', /client authentication|clientAuth/],
]

test.each(badSet)(
  'a certificate of the bad set, %s, is answered 495, closed, and the audit names it and says why',
  async (name, reason) => {
    const issued = here.certificates[name] as Certificates['consumer']
    const answer = await expectRefusal(here, { as: issued }, { ...row2, reason })
    const { consumer } = await refusedRecord(here, answer)
    expect(consumer).toMatchObject({
      certificateSha256: expect.stringMatching(/^[0-9a-f]{64}$/),
      certificateSubject: expect.stringContaining('consumer'),
    })
  },
)

test('a good certificate for a name that is registered for nobody passes this row and is answered 495 by the binding', async () => {
  await expectRefusal(here, { as: here.certificates.badFqdn }, { ...row2, rule: 'identity-binding', reason: /nobody\.thirdparty\.nhs\.uk/ })
})

test('the good certificate passes', async () => {
  const answer = await call(here)
  expect(answer.status).toBe(200)
})

test('O4: what the answer says does not tell the bad certificates apart', async () => {
  const answers = await Promise.all(badSet.map(([name]) => call(here, { as: here.certificates[name] as Certificates['consumer'] })))
  const bodies = answers.map(({ body }) => JSON.stringify({ ...JSON.parse(body.toString()), id: '' }))
  expect(new Set(bodies).size).toBe(1)
})
