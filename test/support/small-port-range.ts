/**
 * Run in a network of its own (`unshare --net`): leaves the machine's clients that many ports, starts a world, takes every port that leads to the
 * provider, and prints as JSON what calls came to before, meanwhile and afterwards. Argument: how many ports.
 */
import { execFileSync } from 'node:child_process'
import { once } from 'node:events'
import { writeFileSync } from 'node:fs'
import { connect, type Socket } from 'node:net'
import { recordedExchanges } from './accounts.ts'
import { call } from './consumer.ts'
import { startWorld } from './start-world.ts'
import { until } from './until.ts'

const first = 40_000
const count = Number(process.argv[2])
execFileSync('ip', ['link', 'set', 'lo', 'up'])
const here = await startWorld()
writeFileSync('/proc/sys/net/ipv4/ip_local_port_range', `${first} ${first + count - 1}`)
here.provider.answer = (_request, response) => response.writeHead(200, { Connection: 'close' }).end()
const ask = () => call(here).then(({ status, verdict, exchange }) => ({ status, ...verdict, exchange }))

const before = await ask()
await until('the provider is no longer connected', () => here.provider.connections.open === 0)
const taken: Socket[] = []
for (let full = false; !full; ) {
  const socket = connect({ host: '127.0.0.1', port: here.provider.port })
  full = await once(socket, 'connect').then(
    () => false,
    () => true,
  )
  socket.on('error', () => undefined)
  if (!full) taken.push(socket)
}
const meanwhile = await ask()
for (const socket of taken) socket.resetAndDestroy()
const afterwards = await until('calls go on', async () => {
  const answer = await ask()
  return answer.status === 200 && answer
})
await until('the outcomes are recorded', () => recordedExchanges(here.audit()) >= 3)
const recorded = here.audit().flatMap((entry) => (entry.type === 'outcome' && entry.exchange === meanwhile.exchange ? [entry.status] : []))
await here.close()
process.stdout.write(JSON.stringify({ taken: taken.length, before, meanwhile, afterwards, recorded }))
