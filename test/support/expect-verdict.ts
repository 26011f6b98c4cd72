import { join } from 'node:path'
import type { OutcomeEntry, RefusedEntry } from '../../src/audit/entry.ts'
import { verdicts } from '../../src/spine/verdict-catalogue.ts'
import type { VerdictCode } from '../../src/spine/verdict-code.ts'
import { runSsp } from './run-ssp.ts'
import type { World } from './start-world.ts'
import { until } from './until.ts'

type Ended = OutcomeEntry | RefusedEntry

/** The record that ended an exchange has this verdict and the fault domain that the catalogue gives it; resolves to that record. */
export async function expectRecordedVerdict(here: Pick<World, 'audit'>, exchange: string, verdict: VerdictCode): Promise<Ended> {
  const ended = await until('the end is recorded', () =>
    here.audit().find((entry): entry is Ended => (entry.type === 'outcome' || entry.type === 'refused') && entry.exchange === exchange),
  )
  expect({ verdict: ended.verdict, origin: ended.origin }).toEqual({ verdict, origin: verdicts[verdict].origin })
  return ended
}

/** What `ssp trace` tells a help desk of an exchange names this verdict and, where somebody must act, who does what next. */
export async function expectToldVerdict(here: Pick<World, 'directory'>, exchange: string, verdict: VerdictCode): Promise<void> {
  const told = await until('the end is told', async () => {
    const { out } = await runSsp(['trace', exchange], { SSP_CONFIG: join(here.directory, 'config.yaml') })
    return /^ended {5}(?!not yet)/m.test(out) && out
  })
  const { who, next } = verdicts[verdict]
  expect(told).toContain(`\nverdict   ${verdict}\n`)
  if (who === 'nobody') expect(told).not.toMatch(/^next/m)
  else expect(told).toContain(`\nnext      ${who}: ${next}\n`)
}
