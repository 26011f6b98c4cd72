import { patientsNamed } from '../../../src/spine/patients-named.ts'

const patient = '9690937278'
const other = '9434765919'
const target = '/https://provider.thirdparty.nhs.uk/T99999/STU3/1'
const nhsNumber = 'https://fhir.nhs.uk/Id/nhs-number'
const forRecord = (value: string, change: object = {}) =>
  JSON.stringify({
    requested_record: { resourceType: 'Patient', identifier: [{ system: 'http://fhir.nhs.net/Id/nhs-number', value }], ...change },
  })

test('those of the query come first, then the record that the token was made for, each once', () => {
  const url = `${target}/Patient?identifier=${nhsNumber}%7C${patient}`
  expect(patientsNamed({ url, claims: forRecord(other) })).toEqual([patient, other])
  expect(patientsNamed({ url, claims: forRecord(patient) })).toEqual([patient])
  expect(patientsNamed({ url: `/${encodeURIComponent(url.slice(1))}` })).toEqual([patient])
  expect(patientsNamed({ claims: forRecord(other) })).toEqual([other])
})

test.each([
  ['nothing', undefined],
  ['an own id', `${target}/Patient/${patient}`],
  ['a target that is none', `/nowhere?identifier=${nhsNumber}|${patient}`],
  ['an identifier of another system', `${target}/Patient?identifier=urn:x|${patient}`],
])('%s in the URL names no patient', (_what, url) => {
  expect(patientsNamed(url === undefined ? {} : { url })).toEqual([])
})

test.each([
  ['an organisation', forRecord('T99999', { resourceType: 'Organization' })],
  ['a number with a wrong check digit', forRecord('9690937279')],
  ['an identifier of another system', forRecord(patient, { identifier: [{ system: 'urn:x', value: patient }, null, 7] })],
  ['whoever only asked', JSON.stringify({ requesting_patient: `${nhsNumber}|${patient}` })],
  ['nothing', JSON.stringify({ requested_record: null })],
  ['a record that is a number', JSON.stringify({ requested_record: 9690937278 })],
  ['what is no JSON', '{"requested_record":'],
  ['a list', '[]'],
  ['null', 'null'],
])('a token for %s names no patient', (_what, claims) => {
  expect(patientsNamed({ url: `${target}/Patient/1`, claims })).toEqual([])
})
