import fc from 'fast-check'
import { isNhsNumber, mostSubjects, nhsNumbersInQuery } from '../../../src/spine/nhs-number.ts'
import { nhsNumbersInBody } from '../../../src/spine/nhs-numbers-in-body.ts'

const number = '9690937278'
const second = '9434765919'
const system = 'https://fhir.nhs.uk/Id/nhs-number'

test('a number is ten digits with the right check digit', () => {
  for (const good of [number, second, '9990000018', '4010232137']) expect([good, isNhsNumber(good)]).toEqual([good, true])
  for (const bad of ['9690937279', '969093727', '96909372780', '969093727X', ' 9690937278', '', '٩٦٩٠٩٣٧٢٧٨'])
    expect([bad, isNhsNumber(bad)]).toEqual([bad, false])
})

test('of all last digits at most one is right', () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 999_999_999 }), (first) => {
      const nine = String(first).padStart(9, '0')
      return Array.from({ length: 10 }, (_, digit) => isNhsNumber(`${nine}${digit}`)).filter(Boolean).length <= 1
    }),
  )
})

test.each([
  ['as it is', `?identifier=${system}|${number}`],
  ['encoded', `?identifier=${encodeURIComponent(`${system}|${number}`)}`],
  ['with digits encoded', `?identifier=${system}%7C%39690937278`],
  ['in the older system', `?identifier=http://fhir.nhs.net/Id/nhs-number|${number}`],
  ['of a subject', `?subject:Patient.identifier=${system}|${number}`],
  ['of a subject with the name encoded', `?subject%3APatient.identifier=${system}|${number}`],
  ['of a patient', `?_count=10&patient.identifier=${system}|${number}`],
  ['as an address of the demographics service', `?subject=https://demographics.spineservices.nhs.uk/STU3/Patient/${number}`],
  ['among others', `?identifier=https://x|1,${system}|${number}`],
  ['twice', `?identifier=${system}|${number}&identifier=${system}|${number}`],
])('a query names a number %s', (_how, query) => {
  expect(nhsNumbersInQuery(query)).toEqual([number])
})

test.each([
  ['no query', ''],
  ['another system', `?identifier=https://example.org/id|${number}`],
  ['no system', `?identifier=${number}`],
  ['a wrong check digit', `?identifier=${system}|9690937279`],
  ['another parameter', `?name=${system}|${number}`],
  ['a name that merely ends so', `?xidentifier=${system}|${number}`],
  ['a bad escape', `?identifier=${system}|${number}%`],
])('a query names none with %s', (_what, query) => {
  expect(nhsNumbersInQuery(query)).toEqual([])
})

test('a query may name several, and no more than so many are kept', () => {
  expect(nhsNumbersInQuery(`?identifier=${system}|${number},${system}|${second}`)).toEqual([number, second])
  const all = Array.from({ length: 10_000 }, (_, n) => String(4_000_000_000 + n)).filter(isNhsNumber)
  expect(nhsNumbersInQuery(`?identifier=${all.map((one) => `${system}|${one}`).join(',')}`)).toHaveLength(mostSubjects)
})

const parameters = (value: object) =>
  JSON.stringify({ resourceType: 'Parameters', parameter: [{ name: 'patientNHSNumber', valueIdentifier: value }, { name: 'x' }] })
const xml = (inner: string) =>
  `<?xml version="1.0"?><!-- <system value="x"/> --><Parameters xmlns="http://hl7.org/fhir"><parameter><name value="patientNHSNumber"/><valueIdentifier>${inner}</valueIdentifier></parameter></Parameters>`

test.each([
  ['JSON', parameters({ system, value: number })],
  ['JSON, the value first', parameters({ value: number, use: 'official', system })],
  [
    'JSON with escapes',
    parameters({ system, value: number }).replaceAll('/', '\\/').replace(number, '\\u00399690937278'.replace('9690937278', '690937278')),
  ],
  ['JSON with space and a byte order mark', `\ufeff \n${JSON.stringify(JSON.parse(parameters({ system, value: number })), undefined, 4)}`],
  ['JSON that is cut off behind it', parameters({ system, value: number }).slice(0, -5)],
  ['XML', xml(`<system value="${system}"/><value value="${number}"/>`)],
  ['XML, the value first, single quotes, a prefix', xml(`<f:value value='${number}'/> <f:system  value = '${system}' />`)],
  ['XML with entities', xml(`<system value="https:&#47;&#x2F;fhir.nhs.uk/Id/nhs-number"/><value id="a>b" value="&#57;690937278"></value>`)],
])('a body names a number in %s', (_how, body) => {
  expect(nhsNumbersInBody(body)).toEqual([number])
})

test.each([
  ['another system', parameters({ system: 'https://example.org', value: number })],
  ['system and value of different objects', JSON.stringify({ a: { system }, b: { value: number } })],
  ['a value that is no text', `{"system":"${system}","value":9690937278}`],
  ['a text that only looks like it', JSON.stringify({ text: `"system":"${system}","value":"${number}"` })],
  ['an array of the words', JSON.stringify(['system', system, 'value', number])],
  ['a comment in XML', xml(`<!-- <system value="${system}"/><value value="${number}"/> -->`)],
  ['a document type', `<!DOCTYPE x [<!ENTITY n "${number}">]>${xml(`<system value="${system}"/><value value="${number}"/>`)}`],
  ['neither JSON nor XML', `system ${system} value ${number}`],
  ['nothing', ''],
])('a body names none with %s', (_what, body) => {
  expect(nhsNumbersInBody(body)).toEqual([])
})

test('whatever a body holds, reading it ends without an error', () => {
  const pieces = fc.constantFrom(
    '{',
    '}',
    '[',
    ']',
    '"',
    '\\',
    ':',
    ',',
    '<',
    '>',
    '/',
    '!--',
    '-->',
    '<![CDATA[',
    '&#',
    ';',
    'system',
    'value',
    '=',
    "'",
    system,
    number,
    ' ',
    '\ud800',
  )
  fc.assert(
    fc.property(fc.array(pieces, { maxLength: 200 }), (parts) => nhsNumbersInBody(parts.join('')).length <= mostSubjects),
    { numRuns: 2000 },
  )
})

test('a hostile body is gone over once: even a hundredfold one of each kind comes to its end', () => {
  for (const piece of [
    '{"a":',
    '<a ',
    '<a b="',
    '"\\',
    '{"system":"',
    '<!--',
    '<system value="',
    '[',
    '&#x39;',
    `{"system":"${system}","value":"1"},`,
  ]) {
    const body = (piece.startsWith('<') ? '<' : '{') + piece.repeat(Math.ceil(6_553_600 / piece.length))
    expect([piece, nhsNumbersInBody(body)]).toEqual([piece, []])
  }
})
