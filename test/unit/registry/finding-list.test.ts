import { createFindingList } from '../../../src/registry/finding-list.ts'

test('a list of findings keeps the first of each severity and counts the rest', () => {
  const findings = createFindingList(2)
  for (let n = 1; n <= 5; n++) findings.error(`f:${n}`, 'r', 'wrong')
  findings.warning('f:9', '', 'odd')
  expect(findings.list().map(({ severity, place, message }) => `${severity} ${place} ${message}`)).toEqual([
    'error f:1 wrong',
    'error f:2 wrong',
    'error f:2 3 more errors follow this one; they are not listed',
    'warning f:9 odd',
  ])
})
