import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import type { TLSSocket } from 'node:tls'
import { call, open, wireText } from '../../support/consumer.ts'
import { world } from '../../support/start-world.ts'
import { memoryOf, metricOn, startWorldProcess } from '../../support/start-world-process.ts'
import { until } from '../../support/until.ts'

const each = 60
const patience = { minimumBytesPerSecond: 1000, minimumRateAfterSeconds: 5 }
/** Half-read heads of 16 kB, bodies and answers at their buffers' limits, TLS and all: far below what is sent or asked for. */
const mostGrowth = 250 * 1_048_576

const chunk = Buffer.alloc(65_536, 32)
function* endless() {
  for (;;) yield chunk
}

test(`D8: ${each} heads that never end, bodies that nobody takes and answers that nobody reads, each without end, cost bounded memory; afterwards calls go on`, async () => {
  const here = await startWorldProcess({
    settings: {
      listener: { ...patience, headersTimeoutSeconds: 5, bodySilenceSeconds: 5, unreadAnswerSeconds: 5 },
      forwarding: { ...patience, connectionsPerProvider: 1000, firstByteTimeoutSeconds: 8, capacity: { mode: 'observe' } },
    },
  })
  const sockets: TLSSocket[] = []
  try {
    expect((await call(here)).status).toBe(200)
    const usual = here.provider.answer
    let asked = 0
    here.provider.answer = async (request, response) => {
      asked++
      // A body is left unread, and its call without an answer.
      if (request.method === 'POST') return
      response.writeHead(200, { 'Content-Type': 'application/fhir+json' })
      await pipeline(Readable.from(endless()), response).catch(() => undefined)
    }
    const before = (await memoryOf(here.pid)).now
    const booking = { target: `/${world.root}/Appointment`, interaction: 'urn:nhs:names:services:gpconnect:fhir:rest:create:appointment-1' }
    const body = 'Content-Type: application/fhir+json\r\nContent-Length: 1000000000\r\n'
    const kinds = [
      { begin: `${wireText().slice(0, -2)}X-Long: ${'a'.repeat(12_000)}`, more: false },
      { begin: wireText({ ...booking, method: 'POST', extra: body }), more: true },
      { begin: wireText(), more: false },
    ]
    for (const { begin, more } of kinds)
      for (let nth = 0; nth < each; nth++) {
        const socket = await open(here)
        sockets.push(socket)
        socket.on('error', () => undefined)
        socket.write(begin)
        // As much as it takes: what backs up stays on this side.
        if (more) pipeline(Readable.from(endless()), socket).catch(() => undefined)
      }
    await until('all bodies and answers are under way', () => asked === 2 * each, 30_000)
    await until(
      'every connection has been ended by the proxy',
      async () => metricOn((await here.page('/metrics')).body, 'ssp_consumer_connections') === 0,
      { withinMs: 60_000, everyMs: 250 },
    )
    const growth = (await memoryOf(here.pid)).peak - before
    process.stderr.write(`memory of the proxy grew by at most ${Math.round(growth / 1_048_576)} MB\n`)
    expect(growth).toBeLessThan(mostGrowth)
    here.provider.answer = usual
    expect((await call(here)).status).toBe(200)
  } finally {
    for (const socket of sockets) socket.destroy()
    await here.close()
  }
})
