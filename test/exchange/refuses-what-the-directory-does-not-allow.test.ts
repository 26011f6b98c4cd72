import { call } from '../support/consumer.ts'
import { type ExpectedRefusal, everyRefusalRecorded, expectRefusal, forwardedRecords } from '../support/expect-refusal.ts'
import { startWorld, type World, world } from '../support/start-world.ts'

const sharer = { asid: '918999198996', odsCode: 'T44444', partyKey: 'T44444-4444444' }
const sharerRoot = 'https://provider.thirdparty.nhs.uk/T44444/STU3/1'
const hidden = { asid: '918999198997', odsCode: 'T33333', partyKey: 'T33333-3333333' }
let here: World

beforeAll(async () => {
  const system = { ...sharer, interactions: [] }
  here = await startWorld({
    settings: everyRefusalRecorded,
    systems: [system, { ...hidden, interactions: [] }, { ...hidden, interactions: [], odsCode: 'T33334' }],
    endpoints: [
      {
        cpaId: 'S444444440001',
        odsCode: sharer.odsCode,
        partyKey: sharer.partyKey,
        interaction: world.searchPatient,
        url: sharerRoot,
        fqdn: 'provider.thirdparty.nhs.uk',
      },
    ],
    sharingRules: [
      { reference: 'MAIN', effect: 'allow', from: { asid: world.consumer.asid }, to: '*', interactions: ['*'] },
      { reference: 'NOT-THIS', effect: 'deny', from: { asid: world.consumer.asid }, to: { ods: sharer.odsCode }, interactions: ['*'] },
    ],
  })
})
afterAll(() => here.close())

const forbidden = { status: 403, origin: 'policy', issue: 'forbidden' }

describe('row 8, sender-interaction', () => {
  const row8: ExpectedRefusal = {
    ...forbidden,
    rule: 'sender-interaction',
    code: 'SENDER_NOT_ACCREDITED',
    text: `ASID_CHECK_FAILED_MESSAGESENDER_${world.consumer.asid}`,
  }
  test.each([
    ['that the sender does not hold', 'urn:nhs:names:services:gpconnect:fhir:rest:delete:patient-1'],
    ['in another case', world.searchPatient.toUpperCase()],
    ['that nobody knows', 'x'],
  ])('an interaction %s is answered 403, never 415', async (_name, interaction) => {
    await expectRefusal(here, { interaction }, { ...row8, reason: /holds \d+ interactions/ })
  })
})

describe('row 9, receiver-interaction', () => {
  const row9 = { rule: 'receiver-interaction' }

  test('an Ssp-To that is in no directory is answered 400 and named', async () => {
    const faults = [{ header: 'Ssp-To', detail: expect.stringContaining('not the ASID of a system') }]
    const expected = { ...row9, status: 400, origin: 'consumer', code: 'BAD_REQUEST', issue: 'invalid', text: 'BAD_REQUEST', faults }
    await expectRefusal(here, { headers: { 'Ssp-To': '123456789123' } }, { ...expected, reason: /123456789123/ })
  })

  test('a receiver without an endpoint for the interaction is answered 403', async () => {
    const to = world.bareProvider.asid
    await expectRefusal(
      here,
      { headers: { 'Ssp-To': to } },
      { ...row9, ...forbidden, code: 'RECEIVER_NOT_ACCREDITED', text: `PARTYKEY_INTERACTION_CHECK_FAILED_MESSAGERECEIVER_${to}` },
    )
  })

  const unavailable = {
    ...row9,
    status: 503,
    origin: 'proxy',
    code: 'REGISTRY_UNAVAILABLE',
    issue: 'transient',
    text: 'REGISTRY_UNAVAILABLE',
  }
  test('a receiver whose endpoints are ambiguous is answered 503: that is not "not registered"', async () => {
    await expectRefusal(here, { headers: { 'Ssp-To': world.ambiguousProvider.asid } }, { ...unavailable, reason: /set aside/ })
  })
  test('a receiver whose own record is set aside is answered 503', async () => {
    await expectRefusal(here, { headers: { 'Ssp-To': hidden.asid } }, { ...unavailable, reason: /set aside/ })
  })
})

describe('row 10, data-sharing', () => {
  const row10 = (from: string, to: string): ExpectedRefusal => ({
    ...forbidden,
    rule: 'data-sharing',
    code: 'NOT_SHARED',
    text: `FOT_CHECK_FAILED_MESSAGESENDER_${from}_MESSAGERECEIVER_${to}`,
  })

  test('a pair that no rule names is answered 403: the default is to deny', async () => {
    const change = { as: here.certificates.stranger, headers: { 'Ssp-From': world.stranger.asid } }
    await expectRefusal(here, change, { ...row10(world.stranger.asid, world.provider.asid), reason: /rule default denies/ })
  })
  test('a pair that a narrower rule denies is answered 403, and the audit names the rule', async () => {
    const change = { headers: { 'Ssp-To': sharer.asid }, url: `${sharerRoot}/Patient` }
    await expectRefusal(here, change, { ...row10(world.consumer.asid, sharer.asid), reason: /rule NOT-THIS denies/ })
  })
  test('a pair that a rule allows passes, and the audit names the rule', async () => {
    const { forwarding } = await forwardedRecords(here, await call(here))
    expect(forwarding.sharingRule).toBe('MAIN')
  })
})

describe('row 11, registered-endpoint', () => {
  const { root } = world
  const host = 'provider.thirdparty.nhs.uk'
  const row11 = (shown: string): ExpectedRefusal => ({
    status: 400,
    rule: 'registered-endpoint',
    origin: 'consumer',
    code: 'ENDPOINT_VARIES',
    issue: 'invalid',
    text: `ENDPOINT_${root}_CPAID_${cpaId()}_VARIES_FROM_TARGETURL_${shown}`,
  })
  function cpaId(): string {
    const found = here.audit().find((entry) => entry.type === 'forwarding' && entry.request.interaction === world.searchPatient)
    return found?.type === 'forwarding' ? found.endpoint.cpaId : ''
  }

  test.each([
    ['another host', `https://evil.thirdparty.nhs.uk/T99999/STU3/1/Patient`, /host differs/],
    ['a port, even the usual one', `https://${host}:443/T99999/STU3/1/Patient`, /names port 443/],
    ['an IP address', 'https://10.0.0.1/T99999/STU3/1/Patient', /host differs/],
    ['another path', `https://${host}/T99999/STU3/2/Patient`, /path differs$/],
    ['the path in another case', `https://${host}/t99999/stu3/1/Patient`, /case of its letters/],
    ['a longer last segment', `https://${host}/T99999/STU3/10/Patient`, /path differs/],
    ['a last segment with a tail', `https://${host}/T99999/STU3/1x/Patient`, /path differs/],
    ['a shorter path', `https://${host}/T99999/STU3`, /path differs/],
    ['no path', `https://${host}`, /path differs/],
  ])('%s is answered 400 with both URLs, the query left out', async (_name, url, reason) => {
    await expectRefusal(here, { url: `${url}?identifier=https://fhir.nhs.uk/Id/nhs-number|9990000018` }, { ...row11(url), reason })
  })

  test('what is shown of a very long target is at most 2,048 characters', async () => {
    const url = `https://${host}/${'a'.repeat(3000)}`
    await expectRefusal(here, { url }, row11(url.slice(0, 2048)))
  })

  test('a host in capitals is the same host', async () => {
    expect((await call(here, { url: root.replace(host, host.toUpperCase()).concat('/Patient') })).status).toBe(200)
  })
})
