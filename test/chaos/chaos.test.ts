import { randomOf } from '../fuzz/mutations.ts'
import { runChaos } from './chaos-run.ts'

const seed = Number(process.env['SSP_TEST_SEED'] ?? Date.now() % 2 ** 31)
const kills = 20

test(`R5: ${kills} kills at random instants lose no record that was promised, and nothing is forwarded unrecorded`, async () => {
  const { faults, ...counts } = await runChaos(randomOf(seed), (done) => done >= kills)
  process.stderr.write(`chaos: seed ${seed}, ${JSON.stringify(counts)}\n`)
  expect(faults).toEqual([])
  expect(counts.answered).toBeGreaterThan(0)
}, 600_000)
