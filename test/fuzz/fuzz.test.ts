import { fuzzParsers } from './fuzz-parsers.ts'
import { fuzzProxy } from './fuzz-proxy.ts'
import { randomOf } from './mutations.ts'

const seed = Number(process.env['SSP_TEST_SEED'] ?? Date.now() % 2 ** 31)
const parserCases = 20_000
const proxyCases = 500

test(`${parserCases} changed inputs crash no parser, and leave nothing on the heap`, async () => {
  const { cases, faults, heap } = await fuzzParsers(randomOf(seed), (done) => done >= parserCases)
  process.stderr.write(`fuzzed parsers: seed ${seed}, ${JSON.stringify(cases)}, heap ${JSON.stringify(heap)}\n`)
  expect(faults).toEqual([])
  expect(heap).toBeDefined()
})

test(`${proxyCases} changed requests neither end the proxy nor leak, and the audit accounts for each of them`, async () => {
  const { faults, ...counts } = await fuzzProxy(randomOf(seed), (done) => done >= proxyCases)
  process.stderr.write(`fuzzed proxy: seed ${seed}, ${JSON.stringify(counts)}\n`)
  expect(faults).toEqual([])
  expect(counts.exchanges).toBeGreaterThan(proxyCases / 4)
})
