import fc from 'fast-check'
import { acceptable, isFhirMediaType, mediaTypeOf, negotiateRepresentation } from '../../../src/spine/representation.ts'

test.each<readonly [string, string | undefined, string | undefined, 'json' | 'xml']>([
  ['', undefined, undefined, 'json'],
  ['', 'application/fhir+xml', undefined, 'xml'],
  ['', 'application/xml+fhir', undefined, 'xml'],
  ['', 'text/xml', 'application/fhir+json', 'xml'],
  ['', '*/*', 'application/fhir+xml', 'xml'],
  ['', '*/*', undefined, 'json'],
  ['', '', 'application/fhir+xml;charset=utf-8', 'xml'],
  ['', 'text/html', 'application/fhir+xml', 'xml'],
  ['', 'text/html', undefined, 'json'],
  ['', 'application/fhir+json;q=0.5, application/fhir+xml', undefined, 'xml'],
  ['', 'application/fhir+xml;q=0.5, application/fhir+json;q=0.9', undefined, 'json'],
  ['', 'application/fhir+xml;q=0.9, application/fhir+json;q=0.9', undefined, 'xml'],
  ['', 'application/fhir+json;q=0, application/fhir+xml;q=0.001', undefined, 'xml'],
  ['', 'application/fhir+xml;q=0', undefined, 'json'],
  ['', 'application/fhir+json;q=0, */*', undefined, 'xml'],
  ['', '*/*, application/json;q=0.000', 'application/fhir+json', 'xml'],
  ['', 'application/xml;q=0, application/*;q=0.5', 'application/fhir+xml', 'json'],
  ['', 'application/xml;q=0, application/fhir+xml, */*', undefined, 'xml'],
  ['', 'application/fhir+json;q=0', undefined, 'json'],
  ['', 'application/xml;q=0, application/json;q=0, */*', 'application/fhir+xml', 'xml'],
  ['', 'application/fhir+json;q=0, */*;q=0', undefined, 'json'],
  ['?_format=json', 'application/json;q=0, */*', undefined, 'json'],
  ['', 'APPLICATION/FHIR+XML; Q=1.0', undefined, 'xml'],
  ['?_format=xml', 'application/fhir+json', 'application/fhir+json', 'xml'],
  ['?a=b&_format=application/fhir%2Bxml', 'application/fhir+json', undefined, 'xml'],
  ['?_format=application/fhir+xml', undefined, undefined, 'xml'],
  ['?_format=json', 'application/fhir+xml', 'application/fhir+xml', 'json'],
  ['/https://p1.nhs.uk/x?_format=xml', undefined, undefined, 'xml'],
  ['/https%3A%2F%2Fp1.nhs.uk%2Fx%3Fa%3Db%26_format%3Dxml', 'application/fhir+json', undefined, 'xml'],
  ['/https%3a%2f%2fp1.nhs.uk%2fx%3f_format%3dapplication%252Ffhir%252Bxml', undefined, undefined, 'xml'],
  ['/https%3A%2F%2Fp1.nhs.uk%2Fx%3F_format%3Dxml%', 'application/fhir+json', undefined, 'json'],
  ['?_format=text/html', 'application/fhir+xml', undefined, 'xml'],
  ['?_format=%', 'application/fhir+xml', undefined, 'xml'],
  ['?x_format=json', 'application/fhir+xml', undefined, 'xml'],
  ['?_formats=json', 'application/fhir+xml', undefined, 'xml'],
])('query %p, Accept %p, Content-Type %p: %s', (query, accept, contentType, expected) => {
  expect(negotiateRepresentation(query, accept, contentType)).toBe(expected)
})

test.each<readonly [string, string | undefined, string | undefined, string]>([
  ['', undefined, undefined, 'application/fhir+json'],
  ['', 'application/json+fhir', undefined, 'application/json+fhir'],
  ['', 'Application/XML+FHIR;q=0.9', undefined, 'application/xml+fhir'],
  ['', undefined, 'application/json+fhir; charset=utf-8', 'application/json+fhir'],
  ['', 'application/json', 'application/json+fhir', 'application/json+fhir'],
  ['', '*/*', 'application/xml+fhir', 'application/xml+fhir'],
  // Whoever takes both, or a newer name of another representation beside the older one of this.
  ['', 'application/json+fhir, application/fhir+json;q=0.1', undefined, 'application/fhir+json'],
  ['', 'application/fhir+json;q=0, application/json+fhir', undefined, 'application/json+fhir'],
  ['', 'application/json+fhir, application/fhir+xml;q=0.5', undefined, 'application/json+fhir'],
  // What is said first counts, if it names FHIR.
  ['', 'application/fhir+json', 'application/json+fhir', 'application/fhir+json'],
  ['?_format=application/json+fhir', 'application/fhir+json', undefined, 'application/json+fhir'],
  ['?_format=json', 'application/json+fhir', undefined, 'application/json+fhir'],
  ['?_format=xml', 'application/json+fhir', undefined, 'application/fhir+xml'],
  ['/https%3A%2F%2Fp1.nhs.uk%2Fx%3F_format%3Dapplication%2Fxml%2Bfhir', undefined, undefined, 'application/xml+fhir'],
])('an error to query %p, Accept %p, Content-Type %p is %s', (query, accept, contentType, expected) => {
  const representation = negotiateRepresentation(query, accept, contentType)
  expect(mediaTypeOf(representation, query, accept, contentType)).toBe(`${expected};charset=utf-8`)
})

test.each<readonly [string, string | undefined, boolean]>([
  ['', undefined, true],
  ['', ' ', true],
  ['', '*/*', true],
  ['', 'text/html, */*;q=0.1', true],
  ['', 'application/*', true],
  ['', '*', true],
  ['', 'application/json', true],
  ['', 'text/html', false],
  ['', '*/*;q=0', false],
  ['', 'application/fhir+json;q=0.0', false],
  ['', 'text/*', false],
  ['?_format=json', 'text/html', true],
  ['?_format=html', 'application/fhir+json', false],
])('query %p with Accept %p can be met: %s', (query, accept, expected) => {
  expect(acceptable(query, accept, false)).toBe(expected)
  expect(acceptable(query, accept, true)).toBe(true)
})

test.each([
  ['application/fhir+json', true],
  ['application/fhir+xml; charset=utf-8', true],
  ['application/json+fhir', true],
  ['text/xml', true],
  ['json', false],
  ['application/fhir', false],
  ['application/fhir+json, text/html', false],
  ['', false],
])('%p is a FHIR media type: %s', (type, expected) => {
  expect(isFhirMediaType(type)).toBe(expected)
})

test('any text is answered, and in linear time', () => {
  fc.assert(
    fc.property(
      fc.string({ unit: 'binary' }),
      fc.string({ unit: 'binary' }),
      fc.string({ unit: 'binary' }),
      (query, accept, contentType) => {
        expect(['json', 'xml']).toContain(negotiateRepresentation(query, accept, contentType))
        expect(typeof acceptable(query, accept, false)).toBe('boolean')
        expect(typeof isFhirMediaType(contentType)).toBe('boolean')
      },
    ),
  )
  for (const hostile of ['a,', ';q=', ' ', '&_format', ';', 'q=0.', '%2']) {
    const began = performance.now()
    const text = hostile.repeat(50_000)
    mediaTypeOf(negotiateRepresentation(`?${text}`, text, text), `?${text}`, text, text)
    acceptable(`?${text}`, text, false)
    expect(performance.now() - began).toBeLessThan(500)
  }
})
