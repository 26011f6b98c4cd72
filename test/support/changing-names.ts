/**
 * Run in a network and with mounts of its own (`unshare --net --mount`): starts a name server whose answers change from one question to the next, a provider at the address
 * that may be dialled, a listener at one that may not, and a world before them. Prints as JSON, for each scene, what the call came to, what was asked of the name server and
 * how often each address was connected to.
 */
import { execFileSync } from 'node:child_process'
import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { createServer as createTlsServer } from 'node:tls'
import { call } from './consumer.ts'
import { furtherProvider } from './further-providers.ts'
import { plainAnswer } from './scripted-provider.ts'
import { certificates, startWorld } from './start-world.ts'

const allowed = '127.0.0.1'
const forbidden = '127.0.0.2'
/** The addresses that each question for the name is answered with; the last ones stay. */
const scenes: readonly (readonly [string, readonly (readonly string[])[]])[] = [
  ['turns to the forbidden one behind the first question', [[allowed], [forbidden]]],
  ['has turned', [[forbidden]]],
  ['has both, the forbidden one first', [[forbidden, allowed], [forbidden]]],
  ['has both, the forbidden one last', [[allowed, forbidden], [forbidden]]],
  ['turns back', [[forbidden], [allowed]]],
]

execFileSync('ip', ['link', 'set', 'lo', 'up'])
const { host, asid, root, system, endpoint } = furtherProvider('changing', 1)
const { authority, intermediate } = await certificates()
const issued = await intermediate.issue({ cn: host, dnsNames: [host], usages: ['serverAuth'] })
const here = await startWorld({
  settings: { forwarding: { allowedNetworks: [`${allowed}/32`] } },
  systems: [system],
  endpoints: [endpoint],
})
writeFileSync(join(here.directory, 'resolv.conf'), `nameserver ${allowed}\noptions attempts:1\n`)
execFileSync('mount', ['--bind', join(here.directory, 'resolv.conf'), '/etc/resolv.conf'])

const connected = { allowed: 0, forbidden: 0 }
let answers: readonly (readonly string[])[] = []
let asked = 0

const provider = createTlsServer(
  { cert: issued.chainPem, key: issued.keyPem, ca: authority.certificatePem, requestCert: true },
  (socket) => {
    socket.on('error', () => undefined)
    socket.on('data', () => socket.end(plainAnswer('{}')))
  },
)
provider.on('connection', () => connected.allowed++)
const other = createServer((socket) => {
  connected.forbidden++
  socket.destroy()
})
const names = createSocket('udp4', (question, { port, address }) => {
  // The name ends with its root label; type and class stand behind it.
  const end = question.indexOf(0, 12) + 5
  const isForAddress = question.readUInt16BE(end - 4) === 1
  const found = isForAddress ? (answers[Math.min(asked++, answers.length - 1)] ?? []) : []
  const head = Buffer.from(question.subarray(0, 12))
  head.writeUInt16BE(0x8180, 2)
  head.writeUInt16BE(found.length, 6)
  head.writeUInt32BE(0, 8)
  // The name of the question once more, type A, class IN, no time to live.
  const records = found.map((one) => Buffer.from([0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 0, 0, 4, ...one.split('.').map(Number)]))
  names.send(Buffer.concat([head, question.subarray(12, end), ...records]), port, address)
})
names.bind(53, allowed)
provider.listen(443, allowed)
other.listen(443, forbidden)
await Promise.all([names, provider, other].map((one) => once(one, 'listening')))

const results: unknown[] = []
for (const [scene, given] of scenes) {
  answers = given
  asked = 0
  Object.assign(connected, { allowed: 0, forbidden: 0 })
  const { status, verdict } = await call(here, { url: `${root}/Patient`, headers: { 'Ssp-To': asid } })
  results.push({ scene, status, origin: verdict.origin, asked, connected: { ...connected } })
}
await here.close()
process.stdout.write(JSON.stringify(results), () => process.exit(0))
