import type { TLSSocket } from 'node:tls'
import { open, wireText } from '../support/consumer.ts'
import { startWorld, type World, world } from '../support/start-world.ts'
import { until } from '../support/until.ts'

let here: World
beforeAll(async () => {
  here = await startWorld()
})
afterAll(() => here.close())

const body = '{"resourceType":"Parameters"}'
const interaction = 'urn:nhs:names:services:gpconnect:fhir:operation:gpc.getstructuredrecord-1'
const target = `/${world.root}/Patient/$gpc.getstructuredrecord`
const extra = `Content-Type: application/fhir+json\r\nContent-Length: ${body.length}\r\nExpect: 100-continue\r\n`

/** A connection, and what has come on it so far. */
async function listening(as = here.certificates.consumer): Promise<{ socket: TLSSocket; heard: () => string }> {
  const socket = await open(here, as)
  let text = ''
  socket.on('data', (chunk) => {
    text += chunk
  })
  socket.on('error', () => undefined)
  return { socket, heard: () => text }
}

function forwardings(): number {
  return here.audit().filter(({ type }) => type === 'forwarding').length
}

test('100 Continue comes once the call is admitted and recorded, and then the answer', async () => {
  const { socket, heard } = await listening()
  const before = forwardings()
  socket.write(wireText({ method: 'POST', interaction, target, extra }))
  await until('100 Continue', () => heard().includes('\r\n\r\n'))
  expect(heard()).toBe('HTTP/1.1 100 Continue\r\n\r\n')
  expect(forwardings()).toBe(before + 1)
  socket.write(body)
  await until('the answer', () => heard().includes('HTTP/1.1 200 '))
  expect(here.provider.received.at(-1)?.body.toString()).toBe(body)
  expect(here.provider.received.at(-1)?.rawHeaders.map((text) => text.toLowerCase())).not.toContain('expect')
  expect(heard().match(/HTTP\/1\.1 /g)).toHaveLength(2)
  socket.destroy()
})

test('a caller of HTTP/1.0, which knows no interim answers, is sent none (RFC 9110, 10.1.1)', async () => {
  const { socket, heard } = await listening()
  const before = forwardings()
  socket.write(wireText({ version: '1.0', method: 'POST', interaction, target, extra }))
  await until('the call is forwarded', () => forwardings() > before)
  socket.write(body)
  await until('the answer', () => heard().includes('HTTP/1.1 200 '))
  expect(heard()).not.toContain('100 Continue')
  expect(here.provider.received.at(-1)?.body.toString()).toBe(body)
  socket.destroy()
})

test.each([
  ['the wire form', { target: '/x' }, '400'],
  ['the method', { method: 'DELETE' }, '405'],
  ['the form of the interaction', { target: `/${world.root}/Patient` }, '400'],
  ['the endpoint', { target: '/https://elsewhere.nhs.uk/x' }, '400'],
])('a call that is refused by %s never gets 100, and its connection ends', async (_name, change, status) => {
  const { socket, heard } = await listening()
  const before = here.provider.received.length
  socket.write(wireText({ method: 'POST', interaction, target, extra, ...change }))
  await new Promise((resolve) => socket.once('close', resolve))
  expect(heard()).toMatch(new RegExp(`^HTTP/1.1 ${status} `))
  expect(heard()).not.toContain('100 Continue')
  expect(here.provider.received).toHaveLength(before)
})

test('a certificate that is not bound gets no 100 either', async () => {
  const { socket, heard } = await listening(here.certificates.stranger)
  socket.write(wireText({ method: 'POST', interaction, target, extra }))
  await new Promise((resolve) => socket.once('close', resolve))
  expect(heard()).toMatch(/^HTTP\/1\.1 495 /)
})

test('who does not wait for it is served all the same', async () => {
  const { socket, heard } = await listening()
  socket.write(wireText({ method: 'POST', interaction, target, extra, body }))
  await until('the answer', () => heard().includes('HTTP/1.1 200 '))
  socket.destroy()
})
