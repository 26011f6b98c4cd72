import { once } from 'node:events'
import { open, wireText } from '../support/consumer.ts'
import { smallBundle } from '../support/fake-provider.ts'
import { startWorld, type World } from '../support/start-world.ts'
import { until } from '../support/until.ts'

let here: World
beforeAll(async () => {
  here = await startWorld({ settings: { forwarding: { minimumBytesPerSecond: 1000, minimumRateAfterSeconds: 1 } } })
})
afterAll(() => here.close())

test('D1: an answer that drips, and one that nobody reads, are cut, each blamed on its side; one that flows is not', async () => {
  const mebibyte = Buffer.alloc(1_048_576, 32)
  here.provider.answer = async (request, response) => {
    const closed = once(response, 'close')
    response.writeHead(200, { 'Content-Type': 'application/fhir+json' })
    if (request.url?.endsWith('=drip')) {
      while (!response.destroyed) {
        response.write('.')
        await Promise.race([closed, new Promise((resolve) => setTimeout(resolve, 200))])
      }
    } else if (request.url?.endsWith('=flow')) {
      for (let nth = 0; nth < 80; nth++) {
        response.write(smallBundle.padEnd(1_000))
        await new Promise((resolve) => setTimeout(resolve, 100))
      }
      response.end()
    } else while (!response.destroyed) if (!response.write(mebibyte)) await Promise.race([once(response, 'drain'), closed])
  }
  const [drip, unread, flow] = await Promise.all([open(here), open(here), open(here)])
  for (const [socket, identifier] of [
    [drip, 'drip'],
    [unread, 'unread'],
    [flow, 'flow'],
  ] as const) {
    socket.on('error', () => undefined)
    const target = `/https://provider.thirdparty.nhs.uk/T99999/STU3/1/Patient?identifier=${identifier}`
    socket.write(wireText({ target, extra: 'Connection: close\r\n' }))
  }
  drip.resume()
  const flowed = flow.toArray()
  const outcomes = () =>
    here.audit().flatMap((entry) => (entry.type === 'outcome' ? [`${entry.end} ${entry.status} ${entry.origin} ${entry.verdict}`] : []))
  await until('all three have ended', () => outcomes().length === 3, { withinMs: 60_000 })
  expect(outcomes().sort()).toEqual([
    'aborted 200 consumer-network CONSUMER_READS_TOO_SLOWLY',
    'aborted 200 provider ANSWER_CUT_BY_PROVIDER',
    'complete 200 none ANSWERED',
  ])
  expect(Buffer.concat(await flowed).toString('latin1')).toMatch(/\r\n0\r\n\r\n$/)
  unread.destroy()
})
