import fc from 'fast-check'
import { isNhsNumber, isTestNhsNumber, nhsNumberCheckDigit } from '../../../demo/provider/nhs-number.ts'
import { demoPatients } from '../../../demo/provider/patients.ts'

test('every patient of the demo has a number of the test range with a right check digit, and no two share one', () => {
  for (const patient of demoPatients) expect(isTestNhsNumber(patient.nhsNumber)).toBe(true)
  expect(new Set(demoPatients.map(({ nhsNumber }) => nhsNumber)).size).toBe(demoPatients.length)
})

test('a published example number passes, and fails with any one digit changed', () => {
  // 943 476 5919: the example of the NHS data dictionary.
  expect(isNhsNumber('9434765919')).toBe(true)
  for (let position = 0; position < 10; position += 1) {
    for (const digit of '0123456789') {
      const changed = `${'9434765919'.slice(0, position)}${digit}${'9434765919'.slice(position + 1)}`
      expect(isNhsNumber(changed)).toBe(changed === '9434765919')
    }
  }
})

test('the first of the 999 range has no check digit, so that it cannot be a number', () => {
  expect(nhsNumberCheckDigit('999000000')).toBeUndefined()
  for (const digit of '0123456789') expect(isNhsNumber(`999000000${digit}`)).toBe(false)
})

test('the weighted sum of a valid number is a multiple of eleven', () => {
  fc.assert(
    fc.property(fc.stringMatching(/^[0-9]{9}$/), (nine) => {
      const check = nhsNumberCheckDigit(nine)
      const weighted = [...nine].reduce((sum, digit, index) => sum + Number(digit) * (10 - index), 0)
      if (check === undefined) return weighted % 11 === 1
      return (weighted + check) % 11 === 0 && isNhsNumber(`${nine}${check}`)
    }),
  )
})

test('what is not ten ASCII digits is no number', () => {
  for (const text of ['', '943476591', '94347659190', '943 476 5919', '943476591x', '９４３４７６５９１９'])
    expect(isNhsNumber(text)).toBe(false)
})
