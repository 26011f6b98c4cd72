import { csvHeader, csvLine } from '../../../../src/audit/index/exchange-csv.ts'
import type { IndexedExchange } from '../../../../src/audit/index/indexed.ts'
import { indexedExchange, newExchangeId } from '../../../support/index-rows.ts'

/** An exchange without what only the index itself knows. */
function exchange(change: Partial<IndexedExchange> = {}): IndexedExchange {
  const { subjects: _stored, ...row } = indexedExchange(change)
  return row
}

const bare: IndexedExchange = {
  ...{ exchange: newExchangeId(), log: 'node1/main', record: 0, place: '0:0', at: 1_790_000_000_000, forwarded: false, end: 'refused' },
}

test('CSV has the columns that Spine’s analytics read, with seconds as decimals and nothing where nothing is known', () => {
  expect(csvHeader).toBe('_time,sspFrom,sspTo,SspTraceId,interaction,responseCode,duration,responseSize,responseErrorMessage,method')
  expect(csvLine(exchange({ at: Date.UTC(2018, 5, 5, 17, 9, 52, 605) }))).toBe(
    '2018-06-05T17:09:52.605Z,200000000359,918999198993,09a01679-2564-0fb4-5129-aecc81ea2706,urn:nhs:names:services:gpconnect:fhir:rest:search:patient-1,200,0.048,4321,,GET',
  )
  expect(csvLine(bare)).toBe('2026-09-21T14:13:20.000Z,,,,,,,,,')
  expect(csvLine(exchange({ status: 403, code: 'ASID_CHECK_FAILED_MESSAGESENDER', origin: 'policy' }))).toContain(
    ',403,0.048,4321,ASID_CHECK_FAILED_MESSAGESENDER,GET',
  )
  expect(csvLine(exchange({ status: 502, rule: 'provider-exchange', origin: 'provider-network' }))).toContain(
    ',provider-exchange (provider-network),',
  )
})

test.each([
  ['a formula', '=HYPERLINK("https://x","y")', '"\'=HYPERLINK(""https://x"",""y"")"'],
  ['another', '@SUM(A1)', '"\'@SUM(A1)"'],
  ['a formula that begins with a sign', '-2+3+cmd|x', '"\'-2+3+cmd|x"'],
  ['another sign', '+1', '"\'+1"'],
  ['a tab before it', '\t=1', '"\'\t=1"'],
  ['a comma', 'a,b', '"a,b"'],
  ['a quote', 'a"b', '"a""b"'],
  ['a line', 'a\r\nb', '"a\r\nb"'],
])('R8: what a refused caller chose cannot break a CSV line or act in a spreadsheet: %s', (_what, traceId, written) => {
  expect(csvLine(exchange({ traceId }))).toContain(`,918999198993,${written},urn:`)
})
