import { differences } from '../../scan/findings.ts'

const allowed = { 'a suite': 'the contract', toString: 'also a name' }

test('exactly what is allowed is no difference', () => {
  expect(differences(['a suite', 'toString', 'a suite'], allowed)).toEqual([])
  expect(differences([], {})).toEqual([])
})

test('a finding that nobody allowed is one', () => {
  expect(differences(['a suite', 'toString', 'another', 'valueOf'], allowed)).toEqual(['new: another', 'new: valueOf'])
})

test('an allowed finding that no longer occurs is one', () => {
  expect(differences(['toString'], allowed)).toEqual(['allowed, but it no longer occurs: a suite'])
})
