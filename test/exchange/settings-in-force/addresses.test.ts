import type { ServerResponse } from 'node:http'
import { createServer, type Server } from 'node:net'
import { callControl } from '../../../src/ops/control-client.ts'
import { call, wireText } from '../../support/consumer.ts'
import { changeSettings, reloadWith } from '../../support/reload-with.ts'
import { startWorld, type World } from '../../support/start-world.ts'
import { until } from '../../support/until.ts'
import { dial, metricsOf } from '../../support/wire.ts'

let here: World
let taken: Server | undefined
beforeEach(async () => {
  here = await startWorld()
})
afterEach(async () => {
  taken?.close()
  await here.close()
})

/** A port that nobody listens to now. */
async function freePort(): Promise<number> {
  const port = await takePort()
  await new Promise((resolve) => taken?.close(resolve))
  return port
}

/** A port that somebody listens to. */
async function takePort(): Promise<number> {
  const server = createServer()
  taken = server
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return (server.address() as { port: number }).port
}

test('another port takes calls before the old one is left; a call under way at the old one comes to its end', async () => {
  const before = here.proxy.dataPort
  const line = await dial(here)
  const held: ServerResponse[] = []
  here.provider.answer = async (_request, response, body) => {
    await body()
    held.push(response)
  }
  line.send(wireText())
  await until('the provider has the call', () => held.length === 1)
  const port = await freePort()
  await reloadWith(here, { listener: { port } })
  expect(here.proxy.dataPort).toBe(port)
  await expect(call({ ...here, proxy: { dataPort: before } })).rejects.toThrow('ECONNREFUSED')
  const next = call(here)
  await until('the provider has both calls', () => held.length === 2)
  for (const response of held) response.writeHead(200, { 'Content-Type': 'application/fhir+json', 'Content-Length': 2 }).end('{}')
  expect((await next).status).toBe(200)
  expect((await line.end()).map(({ status }) => status)).toEqual([200])
})

test('a port that cannot be had refuses the whole reload: nothing of it is taken, and the old port goes on', async () => {
  const before = here.proxy.dataPort
  const port = await takePort()
  await changeSettings(here, { listener: { port, idleTimeoutSeconds: 17 }, forwarding: { timeoutStatus: 599 } })
  const { ok, detail } = await here.proxy.reload('test')
  expect([ok, detail]).toEqual([false, expect.stringContaining(`port ${port} (EADDRINUSE)`)])
  expect((await metricsOf(here)).get('ssp_config_last_reload_successful')).toBe(0)
  expect(here.proxy.dataPort).toBe(before)
  const line = await dial(here)
  line.send(wireText())
  const [answer] = await line.answered(1)
  expect([answer?.status, answer?.headers.get('keep-alive')]).toEqual([200, 'timeout=60'])
  line.close()
})

test('what was bound for a reload that is refused elsewhere is let go', async () => {
  const port = await freePort()
  const operators = await takePort()
  await changeSettings(here, { listener: { port }, operators: { port: operators } })
  expect(await here.proxy.reload('test')).toMatchObject({ ok: false, detail: expect.stringContaining('EADDRINUSE') })
  await until('nobody listens there', () =>
    call({ ...here, proxy: { dataPort: port } }).then(
      () => false,
      () => true,
    ),
  )
  expect((await call(here)).status).toBe(200)
})

test('the operators’ port moves too, and the call for the reload is answered all the same', async () => {
  const port = await freePort()
  await changeSettings(here, { operators: { port } })
  expect((await callControl(here.proxy.socketPath, 'POST', '/reload', {})).status).toBe(200)
  expect(here.proxy.opsPort).toBe(port)
  expect((await metricsOf(here)).get('ssp_config_last_reload_successful')).toBe(1)
})
