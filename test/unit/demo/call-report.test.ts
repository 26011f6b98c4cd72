import { asExpected, callReport } from '../../../demo/call-report.ts'
import type { ConsumerReply } from '../../../demo/consumer-call.ts'
import { demoCalls } from '../../../demo/demo-calls.ts'
import { styleFor } from '../../../demo/style.ts'

const plain = styleFor({}, {})
const [search, record, foreign, revoked] = demoCalls as [
  (typeof demoCalls)[0],
  (typeof demoCalls)[0],
  (typeof demoCalls)[0],
  (typeof demoCalls)[0],
]
const bundle = JSON.stringify({
  resourceType: 'Bundle',
  entry: [{ resource: { resourceType: 'Patient' } }, { resource: { resourceType: 'List' } }, { resource: { resourceType: 'List' } }],
})
const good: ConsumerReply = {
  status: 200,
  headers: {
    'ssp-verdict': 'origin=none, rule="", id="00112233445566778899aabbccddeeff"',
    'ssp-receipt': 'log="node1/0", index=17, leaf=:AAAAAAAAAAAAAAAAAAAAAAAA:',
    'server-timing': 'ssp-checks;dur=0.4, ssp-audit;dur=1.25, provider;dur=8',
  },
  body: bundle,
  milliseconds: 21.37,
}
const refused: ConsumerReply = {
  status: 403,
  headers: { 'ssp-verdict': 'origin=policy, rule="sender-interaction", id="ffeeddccbbaa99887766554433221100"' },
  body: JSON.stringify({ resourceType: 'OperationOutcome', issue: [{ diagnostics: 'ASID_CHECK_FAILED_MESSAGESENDER_200000000359' }] }),
  milliseconds: 5,
}

test('an answered call shows status, verdict, timing and where its audit entry stands', () => {
  const report = callReport(record, good, plain)
  expect(report).toContain('✔ Fetch her structured record')
  expect(report).toContain('200 OK')
  expect(report).toContain('a Bundle of Patient, 2 × List')
  expect(report).toContain('consumer ══▶ proxy ══▶ provider')
  expect(report).toContain('every check passed')
  expect(report).toContain('00112233445566778899aabbccddeeff')
  expect(report).toContain('21.4 ms in all, handshake included; checks 0.4, audit 1.3, provider 8.0')
  expect(report).toContain('log node1/0, entry 17, leaf AAAAAAAAAAAAAAAA…')
  expect(report).not.toContain('This is not what was to be shown')
})

test('a refused call shows the rule, who is at fault, and the text of the refusal', () => {
  const report = callReport(foreign, refused, plain)
  expect(report).toContain('✘ Ask for something')
  expect(report).toContain('403 Forbidden')
  expect(report).toContain('refused by the rule sender-interaction, origin policy')
  expect(report).toContain('ASID_CHECK_FAILED_MESSAGESENDER_200000000359')
  expect(report).toContain('no receipt, since nothing was forwarded')
})

test('a call that ends otherwise than it must is named', () => {
  expect([asExpected(search, good), asExpected(revoked, refused)]).toEqual([true, true])
  expect([asExpected(search, refused), asExpected(revoked, good)]).toEqual([false, false])
  // An error of the provider's is no refusal of the proxy's, and an answer without a verdict did not come from the proxy.
  expect(asExpected(foreign, { ...refused, headers: { 'ssp-verdict': 'origin=provider, rule="provider-exchange", id="0"' } })).toBe(false)
  expect(asExpected(search, { ...good, headers: {} })).toBe(false)
  expect(callReport(search, refused, plain)).toContain('should have been answered')
})

test('whatever the answer’s body is, it is summed up', () => {
  const answer = (body: string) => callReport(search, { ...good, body }, plain)
  expect(answer('<html>')).toContain('6 bytes that are no JSON')
  expect(answer('null')).toContain('JSON that is no resource')
  expect(answer('{"resourceType":"Bundle","entry":[null,{}]}')).toContain('unknown')
  expect(answer('{"resourceType":"Bundle"}')).toContain('an empty Bundle')
})
