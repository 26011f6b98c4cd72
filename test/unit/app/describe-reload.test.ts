import { describeReload } from '../../../src/app/describe-reload.ts'
import type { Materials } from '../../../src/app/materials.ts'

const materials = (registry: { version: string; vanished: number }) =>
  ({
    loaded: { version: 'a', waiting: [] },
    trust: { version: 'b' },
    registry,
    server: { cert: 'c' },
    client: { cert: 'd' },
  }) as unknown as Materials
const before = materials({ version: '1', vanished: 0 })

test.each([
  [0, 'new: registry 2'],
  [1, 'new: registry 2, in which 1 record of the one before is missing'],
  [3, 'new: registry 2, in which 3 records of the one before are missing'],
])('a directory in which %d records of the one before are missing says so: a file may have been cut off', (vanished, told) => {
  expect(describeReload(before, materials({ version: '2', vanished }))).toBe(told)
})
