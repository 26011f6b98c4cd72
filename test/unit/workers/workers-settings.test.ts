import { availableParallelism } from 'node:os'
import { workersOf, workersSettings } from '../../../src/workers/workers-settings.ts'

test('auto is one worker for each processor, a number is that many, and 1 is what is usual', () => {
  expect(['auto', 3, undefined].map((setting) => workersOf(workersSettings.parse(setting)))).toEqual([availableParallelism(), 3, 1])
})

test.each([0, 65, 1.5, 'many'])('%s is refused', (setting) => {
  expect(workersSettings.safeParse(setting).success).toBe(false)
})
