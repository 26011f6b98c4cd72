import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import fc from 'fast-check'
import { renderOutcome } from '../../../src/spine/operation-outcome.ts'
import { type RefusalCode, type RefusalDetails, refusals, refuse } from '../../../src/spine/refusal.ts'
import { parseXml } from '../../support/parse-xml.ts'

const golden = (name: string) => readFileSync(fileURLToPath(new URL(`../../golden/${name}`, import.meta.url)), 'utf8').trimEnd()

/** The documented errors with the sample values of the specification's error page (contract, section 4.1), and some of our own. */
const samples: readonly (readonly [string, RefusalCode, string, Partial<RefusalDetails>])[] = [
  [
    '400-endpoint-varies',
    'ENDPOINT_VARIES',
    '09a01679-2564-0fb4-5129-aecc81ea2706',
    {
      values: {
        registered: 'https://supplier.thirdparty.nhs.uk/v1/fhir/',
        cpa: 'S000000000001',
        target: 'https://supplier.thirdparty.nhs.uk/v1/test',
      },
    },
  ],
  ['403-sender', 'SENDER_NOT_ACCREDITED', '10960df2-29d1-4e71-823c-c0bb9d723012', { values: { from: '100000000001' } }],
  ['403-receiver', 'RECEIVER_NOT_ACCREDITED', '018C2550-358F-4F68-BE19-88C80A859E0A', { values: { to: '200000000002' } }],
  ['403-not-shared', 'NOT_SHARED', '43A8BB0D-195E-4CF4-86F9-E8514F6EB585', { values: { from: '200000000001', to: '200000000002' } }],
  ['405-method', 'METHOD_NOT_ALLOWED', '09a01679-2564-0fb4-5129-aecc81ea2706', {}],
  ['415-media-type', 'UNSUPPORTED_MEDIA_TYPE', '09a01679-2564-0fb4-5129-aecc81ea2706', {}],
  [
    '502-unreachable',
    'PROVIDER_UNREACHABLE',
    '78D536C0-44D6-11E9-BFCD-17C1B88243CD',
    { values: { target: 'https://supplier.thirdparty.nhs.uk/D11111/STU3/1/GPConnect/Patient' } },
  ],
  [
    '400-several-faults',
    'BAD_REQUEST',
    '0e1a2b3c-4d5e-4f60-8172-839405162738',
    {
      faults: [
        { header: 'Ssp-To', detail: "Ssp-To is missing: it must be the receiving system's ASID: 12 digits" },
        { detail: 'request target: <one> "fault" & another' },
      ],
    },
  ],
]

describe.each(samples)('%s', (name, code, id, details) => {
  const refusal = refuse('any', code, { reason: 'private', ...details })

  test('as JSON is the golden file, byte for byte', () => {
    const body = renderOutcome(refusal, refusals[code].issue, id, 'json')
    expect(body).toBe(golden(`${name}.json`))
  })

  test('as XML is the golden file, byte for byte', () => {
    const body = renderOutcome(refusal, refusals[code].issue, id, 'xml')
    expect(body).toBe(golden(`${name}.xml`))
  })
})

test('no outcome ever holds the private reason', () => {
  for (const code of Object.keys(refusals) as RefusalCode[])
    for (const representation of ['json', 'xml'] as const)
      expect(renderOutcome(refuse('r', code, { reason: 'private-reason' }), refusals[code].issue, 'id', representation)).not.toContain(
        'private-reason',
      )
})

test('XML is well-formed for any text, and gives back every character that XML can hold', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), fc.string({ unit: 'grapheme' }), (target, detail) => {
      const refusal = refuse('r', 'PROVIDER_UNREACHABLE', { reason: '', values: { target }, faults: [{ header: 'X', detail }] })
      const body = renderOutcome(refusal, 'transient', 'id', 'xml')
      const parsed = parseXml(body)
      const values = parsed.filter(({ name }) => name === 'diagnostics' || name === 'text').map(({ value }) => value)
      const kept = (text: string) => text.replace(/[^\t\n\r\x20-\ud7ff\ue000-\ufffd]/g, '\ufffd')
      expect(values.toSorted()).toEqual([kept(detail), kept(refusal.text)].toSorted())
    }),
  )
})

test('JSON parses for any text, and gives it back', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (target) => {
      const refusal = refuse('r', 'PROVIDER_UNREACHABLE', { reason: '', values: { target } })
      const parsed = JSON.parse(renderOutcome(refusal, 'transient', 'id', 'json')) as { issue: [{ diagnostics: string }] }
      expect(parsed.issue[0].diagnostics).toBe(refusal.text)
    }),
  )
})
