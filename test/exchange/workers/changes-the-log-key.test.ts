import { readReceipt } from '../../../src/audit/receipt-proof.ts'
import { call } from '../../support/consumer.ts'
import { runSsp } from '../../support/run-ssp.ts'
import { startWorkers, type WorkersWorld } from '../../support/start-workers.ts'
import { until } from '../../support/until.ts'

let here: WorkersWorld
beforeAll(async () => {
  here = await startWorkers()
})
afterAll(() => here.close())

/** Calls once, and returns the receipt with its log and key. */
async function receipt(): Promise<{ readonly text: string; readonly log: string; readonly key: string }> {
  const answer = await call(here)
  expect(answer.status).toBe(200)
  const text = String(answer.headers['ssp-receipt'])
  const { log = '', key = '' } = readReceipt(text)?.group ?? {}
  return { text, log, key }
}

test('R6: a new key signs the receipts of every worker, no call is refused meanwhile, and the verifiers that stood there verify them all', async () => {
  const at = ['--config', here.config]
  const before = await receipt()
  expect(await runSsp(['audit', 'rotate-key', '--reason', 'yearly', ...at])).toMatchObject({ code: 0, error: '' })
  const changed = new Map<string, string>()
  const asked = async (): Promise<boolean> => {
    const { text, log, key } = await receipt()
    if (key !== before.key) changed.set(log, text)
    return changed.size === 2
  }
  await until('each worker signs with the new key', asked, { withinMs: 30_000, everyMs: 50 })
  const texts = [before.text, ...changed.values()]
  const verified = await runSsp(['audit', 'verify', ...texts.flatMap((text) => ['--receipt', text]), ...at])
  expect(verified).toMatchObject({ code: 0, error: '' })
  await until('the control process has handed over as well', () =>
    here.auditOf('main').some((entry) => entry.type === 'operation' && entry.act === 'log-key'),
  )
})
