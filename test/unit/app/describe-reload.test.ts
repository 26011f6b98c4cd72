import { describeReload } from '../../../src/app/describe-reload.ts'
import type { Materials } from '../../../src/app/materials.ts'

const materials = (version: string, vanished: number, sharingRules: number) =>
  ({
    ...{ loaded: { version: 'a', waiting: [] }, trust: { version: 'b' }, server: { cert: 'c' }, client: { cert: 'd' } },
    registry: { version, vanished, counts: { sharingRules } },
  }) as unknown as Materials
const before = materials('1', 0, 3)

test.each([
  [0, 3, ''],
  [0, 4, ''],
  [1, 3, ', in which 1 record of the one before is missing'],
  [3, 4, ', in which 3 records of the one before are missing'],
  [0, 2, ', in which 1 data-sharing rule of the one before is missing'],
  [1, 1, ', in which 1 record and 2 data-sharing rules of the one before are missing'],
])('a directory that lacks %d records and has %d rules of three says so: a file may have been cut off', (vanished, rules, told) => {
  expect(describeReload(before, materials('2', vanished, rules))).toBe(`new: registry 2${told}`)
})
