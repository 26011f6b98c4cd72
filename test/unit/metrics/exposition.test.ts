import fc from 'fast-check'
import { expositionOf } from '../../../src/metrics/exposition.ts'

const prometheus3 =
  'application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.6,application/openmetrics-text;version=0.0.1;q=0.5,text/plain;version=1.0.0;escaping=allow-utf-8;q=0.4,text/plain;version=0.0.4;q=0.3,*/*;q=0.2'

describe('the format of a scrape', () => {
  test.each([
    [undefined, 'text'],
    ['', 'text'],
    ['*/*', 'text'],
    ['text/plain', 'text'],
    ['text/html,application/xhtml+xml,*/*;q=0.8', 'text'],
    ['application/openmetrics-text', 'openmetrics'],
    ['Application/OpenMetrics-Text; version=1.0.0; charset=utf-8', 'openmetrics'],
    [prometheus3, 'openmetrics'],
    ['application/openmetrics-text;q=0.3,text/plain;q=0.9', 'text'],
    ['application/openmetrics-text;q=0', 'text'],
    ['application/openmetrics-text;q=2', 'text'],
    ['application/openmetrics-text;version=0.0.1', 'text'],
  ] as const)('for Accept: %s is %s', (accept, exposition) => {
    expect(expositionOf(accept)).toBe(exposition)
  })

  test('is one of the two for any Accept header', () => {
    fc.assert(fc.property(fc.string({ maxLength: 500 }), (accept) => ['text', 'openmetrics'].includes(expositionOf(accept))))
  })
})
