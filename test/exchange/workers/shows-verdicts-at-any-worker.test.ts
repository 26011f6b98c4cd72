import { randomBytes } from 'node:crypto'
import type { ExchangeView } from '../../../src/proxy/exchange-view.ts'
import { askForVerdict } from '../../support/ask-for-verdict.ts'
import type { Issued } from '../../support/certificate-authority.ts'
import { type Answer, call } from '../../support/consumer.ts'
import { startWorkers, type WorkersWorld } from '../../support/start-workers.ts'
import { until } from '../../support/until.ts'

let here: WorkersWorld
beforeAll(async () => {
  here = await startWorkers()
})
afterAll(() => here.close())

const ask = (id: string, as: Issued = here.certificates.consumer): Promise<Answer> => askForVerdict(here, id, as)

/** A connection that goes to this worker next: a look at nothing is refused, and its refusal stands in that worker's own log. */
async function whoIsNext(): Promise<string> {
  const { exchange } = await ask(randomBytes(16).toString('hex'))
  const holds = (worker: string) => here.auditOf(worker).some((entry) => entry.type === 'refused' && entry.exchange === exchange)
  await until('the refused look is recorded', () => ['w1', 'w2'].some(holds))
  return holds('w1') ? 'w2' : 'w1'
}

test('a call that one worker forwarded is shown by the other, to both of its parties', async () => {
  const passed = await call(here)
  const first = here.workerOf(passed)
  expect(['w1', 'w2']).toContain(first)
  await until('the call is indexed', async () => {
    const { status, body } = await here.control('GET', `/exchanges/${passed.exchange}`)
    return status === 200 && (body as { exchange: { end: string } }).exchange.end === 'complete'
  })
  for (const as of [here.certificates.consumer, here.certificates.provider]) {
    // Connections go to the workers in turn.
    while ((await whoIsNext()) === first);
    const shown = JSON.parse((await ask(passed.exchange, as)).body.toString()) as ExchangeView
    expect(shown).toMatchObject({
      exchange: passed.exchange,
      end: 'complete',
      verdict: { code: 'ANSWERED' },
      receipt: { log: `test/${first}` },
    })
  }
  expect((await ask(passed.exchange, here.certificates.stranger)).status).toBe(404)
})

test('the looks are recorded by the machine’s control process, whichever worker was asked', async () => {
  const ids = [randomBytes(16), randomBytes(16)].map((id) => id.toString('hex'))
  for (const id of ids) expect((await ask(id)).status).toBe(404)
  const looks = here.audit().filter((entry) => entry.type === 'operation' && ids.includes(String(entry.detail['exchange'])))
  expect(looks.map((entry) => entry.type === 'operation' && entry.actor.split(' ')[0])).toEqual(['party', 'party'])
})
