import fc from 'fast-check'
import { boundedLabel } from '../../../src/metrics/bounded-label.ts'

describe('a bounded label', () => {
  test('is a known value or the fallback, whatever comes', () => {
    const label = boundedLabel(new Set(['read', 'search']))
    expect(label('read')).toBe('read')
    expect(label(undefined)).toBe('other')
    fc.assert(fc.property(fc.string(), (value) => ['read', 'search', 'other'].includes(label(value))))
    expect(boundedLabel(new Set<string>(), 'unknown')('__proto__')).toBe('unknown')
  })
})
