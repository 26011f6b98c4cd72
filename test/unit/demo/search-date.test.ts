import fc from 'fast-check'
import { FhirError } from '../../../demo/provider/fhir-error.ts'
import { searchDate } from '../../../demo/provider/search-date.ts'

test('a whole day begins at midnight UTC and ends with its last millisecond', () => {
  expect(searchDate('start', 'ge2027-01-31', 'ge')).toBe(Date.UTC(2027, 0, 31))
  expect(searchDate('end', 'le2027-01-31', 'le')).toBe(Date.UTC(2027, 1, 1) - 1)
})

test('an offset counts, also where its plus arrived as a space', () => {
  expect(searchDate('start', 'ge2027-01-31T10:00:00+01:00', 'ge')).toBe(Date.UTC(2027, 0, 31, 9))
  expect(searchDate('start', 'ge2027-01-31T10:00:00 01:00', 'ge')).toBe(Date.UTC(2027, 0, 31, 9))
})

test('whatever is not such a date is INVALID_PARAMETER, never another error', () => {
  expect(() => searchDate('start', 'le2027-01-31', 'ge')).toThrow('must be ge')
  fc.assert(
    fc.property(fc.string(), (text) => {
      try {
        return Number.isFinite(searchDate('start', text, 'ge'))
      } catch (error) {
        return error instanceof FhirError && error.code === 'INVALID_PARAMETER'
      }
    }),
  )
})
