import { createHash, randomFillSync } from 'node:crypto'
import { once } from 'node:events'
import type { ClientRequest, IncomingMessage } from 'node:http'
import { request } from 'node:https'
import { setTimeout as pause } from 'node:timers/promises'
import { honestHeaders } from '../support/consumer.ts'
import { world } from '../support/start-world.ts'
import { forgetPeak, memoryOf, startWorldProcess, type WorldProcess } from '../support/start-world-process.ts'
import { until } from '../support/until.ts'

const gigabyte = 1_000_000_000
/** Of the longest answer; `SSP_LONGEST_ANSWER=5000000000` runs the long form, which 32 bits do not count. */
const longestAnswer = Number(process.env['SSP_LONGEST_ANSWER'] ?? gigabyte)
const mebibyte = 1_048_576
const allowedGrowth = 64 * mebibyte
const noise = randomFillSync(Buffer.alloc(mebibyte))

let here: WorldProcess
beforeAll(async () => {
  here = await startWorldProcess()
})
afterAll(() => here.close())

/** A body of so many bytes in pieces that differ, and its digest once all have been taken. */
function bodyOf(bytes: number): { readonly pieces: () => Generator<Buffer>; readonly sha256: () => string } {
  const hash = createHash('sha256')
  function* pieces(): Generator<Buffer> {
    for (let sent = 0; sent < bytes; ) {
      const piece = noise.subarray(0, Math.min(noise.length - (sent % 4096), bytes - sent))
      hash.update(piece)
      sent += piece.length
      yield piece
    }
  }
  return { pieces, sha256: () => hash.digest('hex') }
}

/** Writes a body as fast as the other side takes it. */
async function send(to: { write(piece: Buffer): boolean; end(): unknown } & NodeJS.EventEmitter, pieces: Iterable<Buffer>): Promise<void> {
  for (const piece of pieces) if (!to.write(piece)) await once(to, 'drain')
  to.end()
}

/** Reads a body to its end. */
async function drink(from: AsyncIterable<Buffer>): Promise<{ readonly bytes: number; readonly sha256: string }> {
  const hash = createHash('sha256')
  let bytes = 0
  for await (const piece of from) {
    hash.update(piece)
    bytes += piece.length
  }
  return { bytes, sha256: hash.digest('hex') }
}

/** Begins a call whose body and answer the test streams itself. */
function begin(method: 'GET' | 'POST', headers: Record<string, string | number> = {}): ClientRequest {
  const { proxy, certificates } = here
  const post = method === 'POST'
  const suffix = post ? 'create:appointment-1' : 'search:patient-1'
  return request({
    host: '127.0.0.1',
    port: proxy.dataPort,
    servername: 'localhost',
    ca: certificates.authority.certificatePem,
    cert: certificates.consumer.chainPem,
    key: certificates.consumer.keyPem,
    agent: false,
    method,
    path: `/${world.root}/${post ? 'Appointment' : 'Patient?identifier=x'}`,
    headers: {
      ...honestHeaders(`urn:nhs:names:services:gpconnect:fhir:rest:${suffix}`),
      ...(post && { 'Content-Type': 'application/fhir+json' }),
      ...headers,
    },
  })
}

async function answerOf(call: ClientRequest): Promise<IncomingMessage> {
  const [response] = (await once(call, 'response')) as [IncomingMessage]
  return response
}

/** What the audit says of an answer's exchange, once it does. */
function outcomeOf(answer: IncomingMessage): Promise<unknown> {
  const exchange = /id="([0-9a-f]{32})"/.exec(String(answer.headers['ssp-verdict']))?.[1]
  return until('the outcome is recorded', () => here.audit().find((entry) => entry.type === 'outcome' && entry.exchange === exchange))
}

async function download(bytes: number, framing: 'length' | 'chunked'): Promise<void> {
  const body = bodyOf(bytes)
  here.provider.answer = async (_request, response) => {
    response.writeHead(200, { 'Content-Type': 'application/fhir+json', ...(framing === 'length' && { 'Content-Length': bytes }) })
    await send(response, body.pieces())
  }
  const call = begin('GET')
  call.end()
  const answer = await answerOf(call)
  expect([answer.statusCode, answer.headers['content-length'], answer.headers['transfer-encoding']]).toEqual(
    framing === 'length' ? [200, String(bytes), undefined] : [200, undefined, 'chunked'],
  )
  const got = await drink(answer)
  const sha256 = body.sha256()
  expect(got).toEqual({ bytes, sha256 })
  expect(await outcomeOf(answer)).toMatchObject({ end: 'complete', responseBytes: bytes, personal: { responseSha256: sha256 } })
}

async function upload(bytes: number, framing: 'length' | 'chunked'): Promise<void> {
  const body = bodyOf(bytes)
  let got: unknown
  let seen: readonly unknown[] = []
  here.provider.answer = async (incoming, response) => {
    seen = [incoming.headers['content-length'], incoming.headers['transfer-encoding']]
    got = await drink(incoming)
    response.end('{}')
  }
  const call = begin('POST', framing === 'length' ? { 'Content-Length': bytes } : { 'Transfer-Encoding': 'chunked' })
  const [answer] = await Promise.all([answerOf(call), send(call, body.pieces())])
  await drink(answer)
  const sha256 = body.sha256()
  expect(answer.statusCode).toBe(200)
  expect(seen).toEqual(framing === 'length' ? [String(bytes), undefined] : [undefined, 'chunked'])
  expect(got).toEqual({ bytes, sha256 })
  expect(await outcomeOf(answer)).toMatchObject({ end: 'complete', requestBytes: bytes, personal: { requestSha256: sha256 } })
}

/** How much memory the proxy needed at most beyond what it had before, in bytes, after a warm-up of the same kind. */
async function growthOf(warmUp: () => Promise<unknown>, act: () => Promise<unknown>): Promise<number> {
  await warmUp()
  await forgetPeak(here.pid)
  const before = (await memoryOf(here.pid)).now
  await act()
  return (await memoryOf(here.pid)).peak - before
}

describe.each([
  ['of known length', 'length', gigabyte, longestAnswer],
  ['in chunks', 'chunked', gigabyte / 4, longestAnswer / 4],
] as const)('D5: a huge body %s', (_name, framing, bytes, answerBytes) => {
  test(`comes down whole (${answerBytes} bytes), in constant memory`, async () => {
    const growth = await growthOf(
      () => download(gigabyte / 10, framing),
      () => download(answerBytes, framing),
    )
    expect(growth).toBeLessThan(allowedGrowth)
  }, 600_000)

  test('goes up whole, in constant memory', async () => {
    const growth = await growthOf(
      () => upload(bytes / 10, framing),
      () => upload(bytes, framing),
    )
    expect(growth).toBeLessThan(allowedGrowth)
  })
})

describe('D1: a side that does not keep up slows the other down, and fills no memory', () => {
  test('a consumer that stops reading stops the provider', async () => {
    const bytes = 300_000_000
    let pushed = 0
    here.provider.answer = async (_request, response) => {
      response.writeHead(200, { 'Content-Length': bytes })
      for (const piece of bodyOf(bytes).pieces()) {
        pushed += piece.length
        if (!response.write(piece)) await once(response, 'drain')
      }
      response.end()
    }
    await forgetPeak(here.pid)
    const before = (await memoryOf(here.pid)).now
    const call = begin('GET')
    call.end()
    const answer = await answerOf(call)
    const standstill = await until('the provider stands still', async () => {
      const sofar = pushed
      await pause(300)
      return pushed === sofar && sofar
    })
    // What the two kernels and TLS hold, far less than the body.
    expect(standstill).toBeLessThan(allowedGrowth)
    expect((await memoryOf(here.pid)).peak - before).toBeLessThan(allowedGrowth)
    expect(await drink(answer)).toMatchObject({ bytes })
  })

  test('a provider that stops reading stops the consumer', async () => {
    const bytes = 300_000_000
    let goOn: () => void = () => undefined
    const told = new Promise<void>((resolve) => {
      goOn = resolve
    })
    here.provider.answer = async (incoming, response) => {
      await told
      response.end(JSON.stringify(await drink(incoming)))
    }
    await forgetPeak(here.pid)
    const before = (await memoryOf(here.pid)).now
    const call = begin('POST', { 'Content-Length': bytes })
    let pushed = 0
    const sent = (async () => {
      for (const piece of bodyOf(bytes).pieces()) {
        pushed += piece.length
        if (!call.write(piece)) await once(call, 'drain')
      }
      call.end()
    })()
    const standstill = await until('the consumer stands still', async () => {
      const sofar = pushed
      await pause(300)
      return sofar > 0 && pushed === sofar && sofar
    })
    expect(standstill).toBeLessThan(allowedGrowth)
    expect((await memoryOf(here.pid)).peak - before).toBeLessThan(allowedGrowth)
    goOn()
    const [answer] = await Promise.all([answerOf(call), sent])
    const said = Buffer.concat((await answer.toArray()) as Buffer[]).toString()
    expect(JSON.parse(said)).toMatchObject({ bytes })
  })

  test('a provider’s answer comes piece by piece, each as soon as it was sent', async () => {
    let next: () => void = () => undefined
    here.provider.answer = async (_request, response) => {
      response.writeHead(200, { 'Content-Type': 'application/fhir+json' })
      for (const piece of ['one', 'two', 'three']) {
        const asked = new Promise<void>((resolve) => {
          next = resolve
        })
        response.write(piece)
        await asked
      }
      response.end()
    }
    const call = begin('GET')
    call.end()
    const pieces: string[] = []
    for await (const piece of await answerOf(call)) {
      pieces.push(String(piece))
      next()
    }
    expect(pieces).toEqual(['one', 'two', 'three'])
  })
})
