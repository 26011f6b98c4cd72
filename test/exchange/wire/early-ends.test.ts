import { wireText } from '../../support/consumer.ts'
import { everyRefusalRecorded } from '../../support/expect-refusal.ts'
import { smallBundle } from '../../support/fake-provider.ts'
import { startWorld, type World, world } from '../../support/start-world.ts'
import { until } from '../../support/until.ts'
import { dial, expectFhirRefusal, expectNothingLeft, outcomeRecord, refusalRecord, type WireAnswer, wirePut } from '../../support/wire.ts'

let here: World
let honest: World['provider']['answer']
beforeAll(async () => {
  here = await startWorld({ settings: everyRefusalRecorded })
  honest = here.provider.answer
})
afterEach(async () => {
  here.provider.answer = honest
  await expectNothingLeft(here)
})
afterAll(() => here.close())

const size = 10_000_000
/** Looks like a request wherever it is cut. */
const requests = Buffer.from(wireText(), 'latin1')

/** A body of 10 MB that is one request after another. */
function bodyOfRequests(): Buffer {
  const body = Buffer.alloc(size)
  for (let at = 0; at < size; at += requests.length) requests.copy(body, at)
  return body
}

/** Body and record of a request that row 5 refused. */
async function expectFormRefused([answer]: readonly WireAnswer[]): Promise<void> {
  expectFhirRefusal(answer!, 'BAD_REQUEST')
  expect(await refusalRecord(here, answer?.exchange ?? '')).toMatchObject({ status: 400, rule: 'request-form', code: 'BAD_REQUEST' })
}

describe('F9: a refusal before the body is read', () => {
  test.each([
    [
      'by the form of the request',
      wirePut(`Content-Length: ${size}\r\n`, '').replace(/Ssp-To: .*\r\n/, ''),
      400,
      'request-form',
      'BAD_REQUEST',
    ],
    [
      'by a check',
      wirePut(`Content-Length: ${size}\r\n`, '').replace(/Ssp-To: .*\r\n/, 'Ssp-To: 000000000000\r\n'),
      400,
      'receiver-interaction',
      'BAD_REQUEST',
    ],
    ['by the method', wirePut(`Content-Length: ${size}\r\n`, '').replace('PUT ', 'DELETE '), 405, 'method', 'METHOD_NOT_ALLOWED'],
    [
      'OPTIONS, answered by the proxy',
      wirePut(`Content-Length: ${size}\r\n`, '').replace('PUT ', 'OPTIONS '),
      200,
      'method',
      'OPTIONS_ANSWERED',
    ],
    [
      'by the binding',
      wirePut(`Content-Length: ${size}\r\n`, '').replace(/Ssp-From: .*\r\n/, 'Ssp-From: 200000000360\r\n'),
      495,
      'identity-binding',
      'BAD_CERTIFICATE',
    ],
    [
      'by the directory',
      wirePut(`Content-Length: ${size}\r\n`, '').replace(/Ssp-To: .*\r\n/, 'Ssp-To: 918999198994\r\n'),
      403,
      'receiver-interaction',
      'RECEIVER_NOT_ACCREDITED',
    ],
    [
      'by the endpoint',
      wirePut(`Content-Length: ${size}\r\n`, '').replace('/STU3/1/', '/STU3/9/'),
      400,
      'registered-endpoint',
      'ENDPOINT_VARIES',
    ],
    [
      'by the form of the target',
      wirePut(`Content-Length: ${size}\r\n`, '').replace('/STU3/1/', '/STU3/../'),
      400,
      'wire-form',
      'MALFORMED_REQUEST',
    ],
  ] as const)(
    '%s: 10 MB that look like requests are neither answered nor forwarded, and the answer is not lost',
    async (_, head, status, rule, code) => {
      const before = here.provider.received.length
      const line = await dial(here)
      line.send(head)
      line.send(bodyOfRequests())
      line.send(wireText())
      const answers = await line.end()
      expect(answers.map((one) => [one.status, one.rule])).toEqual([[status, rule]])
      expect(answers[0]?.headers.get('connection')).toBe('close')
      if (status !== 200) expectFhirRefusal(answers[0]!, code)
      expect(await refusalRecord(here, answers[0]?.exchange ?? '')).toMatchObject({ status, rule, code })
      expect(here.provider.received).toHaveLength(before)
      line.close()
    },
  )

  test('chunked, without end: the same', async () => {
    const line = await dial(here)
    line.send(wirePut('Transfer-Encoding: chunked\r\n', '').replace(/Ssp-To: .*\r\n/, ''))
    for (let i = 0; i < 100 && !line.ended; i++) {
      line.send('4000\r\n')
      line.send(bodyOfRequests().subarray(0, 0x4000))
      line.send('\r\n')
      await new Promise(setImmediate)
    }
    line.send('0\r\n\r\n')
    line.send(wireText())
    const answers = await line.end()
    expect(answers.map((one) => [one.status, one.rule])).toEqual([[400, 'request-form']])
    await expectFormRefused(answers)
    line.close()
  })

  test('a small body that came with its head is read past: the connection lives, and the next request has its own decision', async () => {
    const line = await dial(here)
    line.send(wirePut('Content-Length: 2\r\n', '{}').replace(/Ssp-To: .*\r\n/, '') + wireText())
    const answers = await line.answered(2)
    expect(answers.map((one) => [one.status, one.rule])).toEqual([
      [400, 'request-form'],
      [200, 'provider-exchange'],
    ])
    expect(answers[0]?.headers.get('connection')).toBe('keep-alive')
    await expectFormRefused(answers)
    line.close()
  })

  test('a consumer that waits for 100 Continue is refused without it, and what it sends all the same is no request', async () => {
    const before = here.provider.received.length
    const line = await dial(here)
    line.send(wirePut('Content-Length: 500\r\nExpect: 100-continue\r\n', '').replace(/Ssp-To: .*\r\n/, ''))
    await line.answered(1)
    line.send(wireText() + wireText())
    const answers = await line.end()
    expect(answers.map((one) => one.status)).toEqual([400])
    expect(line.text).not.toContain('100 Continue')
    await expectFormRefused(answers)
    expect(here.provider.received).toHaveLength(before)
    line.close()
  })
})

describe('F9: an answer of the provider before the body is read', () => {
  test('passes, the connection ends behind it, and the rest of the body is no request', async () => {
    const before = here.provider.received.length
    here.provider.answer = (_request, response) => {
      response.writeHead(413, {
        'Content-Type': 'application/fhir+json',
        'Content-Length': Buffer.byteLength(smallBundle),
        Connection: 'close',
      })
      response.end(smallBundle)
    }
    const line = await dial(here)
    line.send(wirePut(`Content-Length: ${size}\r\n`, ''))
    line.send(bodyOfRequests())
    line.send(wireText())
    const answers = await line.end()
    expect(answers.map((one) => [one.status, one.body])).toEqual([[413, smallBundle]])
    expect(answers[0]?.headers.get('connection')).toBe('close')
    expect(here.provider.received).toHaveLength(before)
    expect(await outcomeRecord(here, answers[0]?.exchange ?? '')).toMatchObject({ end: 'complete', status: 413, providerStatus: 413 })
    line.close()
  })
})

describe('F7: a body that turns out malformed while the provider is receiving it', () => {
  test('before an answer: the provider leg is aborted, the consumer gets 400, and the outcome blames it', async () => {
    const received: Buffer[] = []
    let aborted = false
    here.provider.answer = (request) => {
      request.on('data', (chunk: Buffer) => received.push(chunk))
      request.on('error', () => {
        aborted = true
      })
    }
    const line = await dial(here)
    line.send(wirePut('Transfer-Encoding: chunked\r\n', '5\r\nhello\r\n'))
    await until('the provider has the first chunk', () => Buffer.concat(received).toString() === 'hello')
    line.send(`zz\r\nworld\r\n0\r\n\r\n${wireText()}`)
    const answers = await line.end()
    expect(answers.map((one) => [one.status, one.rule, one.origin])).toEqual([[400, 'wire-form', 'consumer']])
    expectFhirRefusal(answers[0]!, 'MALFORMED_REQUEST')
    await until('the provider sees the abort', () => aborted)
    expect(Buffer.concat(received).toString()).toBe('hello')
    expect(await outcomeRecord(here, answers[0]?.exchange ?? '')).toMatchObject({
      end: 'refused',
      status: 400,
      origin: 'consumer',
      rule: 'wire-form',
      requestBytes: 5,
    })
    line.close()
  })

  test('behind the beginning of an answer: the answer is cut, and the outcome says aborted by the consumer', async () => {
    let aborted = false
    here.provider.answer = (request, response) => {
      request.resume()
      response.writeHead(200, { 'Content-Type': 'application/fhir+json' })
      response.write('{"resourceType":')
      response.on('close', () => {
        aborted = true
      })
    }
    const line = await dial(here)
    line.send(wirePut('Transfer-Encoding: chunked\r\n', '5\r\nhello\r\n'))
    await until('the answer has begun', () => line.text.includes('{"resourceType":'))
    line.send(`zz\r\n${wireText()}`)
    await line.end()
    expect(line.text.match(/HTTP\/1\.1/g)).toHaveLength(1)
    expect(line.text).not.toContain('\r\n0\r\n\r\n')
    await until('the provider sees the abort', () => aborted)
    const [, exchange = ''] = /id="([0-9a-f]{32})"/.exec(line.text) ?? []
    expect(await outcomeRecord(here, exchange)).toMatchObject({ end: 'aborted', status: 200, providerStatus: 200, origin: 'consumer' })
    line.close()
  })

  test('a body that goes on behind its Content-Length is the next request, and refused as such', async () => {
    const line = await dial(here)
    line.send(wirePut('Content-Length: 5\r\n', `helloworld\r\n\r\n${wireText()}`))
    const answers = await line.end()
    expect(answers.map((one) => [one.status, one.rule])).toEqual([
      [200, 'provider-exchange'],
      [501, 'wire-form'],
    ])
    expect(here.provider.received.at(-1)?.body.toString()).toBe('hello')
    line.close()
  })
})

describe('F16: a consumer that goes away', () => {
  const interrupted = { end: 'aborted', status: 499, origin: 'consumer-network' }

  test('midway through its body: the provider leg is aborted, and 499 recorded', async () => {
    let aborted = 0
    let reached = 0
    here.provider.answer = (request) => {
      reached++
      request.on('data', () => undefined).on('error', () => aborted++)
    }
    const started = here.audit().length
    for (const [nth, way] of (['end', 'destroy'] as const).entries()) {
      const line = await dial(here)
      line.send(wirePut('Content-Length: 50\r\n', 'hello'))
      await until('it is forwarded', () => reached === nth + 1)
      line.socket[way]()
      line.close()
    }
    await until(
      'both are recorded',
      () =>
        here
          .audit()
          .slice(started)
          .filter(({ type }) => type === 'outcome').length === 2,
    )
    for (const entry of here.audit().slice(started)) if (entry.type === 'outcome') expect(entry).toMatchObject(interrupted)
    await until('no connection to the provider is left with a body to come', () => here.provider.connections.open === 0)
    expect(aborted).toBeLessThanOrEqual(2)
  })

  test('300 times midway through the answer or the body: no socket is left at either side', async () => {
    here.provider.answer = async (request, response, body) => {
      if (request.method === 'GET') {
        await body()
        response.writeHead(200, { 'Content-Type': 'application/fhir+json' })
        response.write('{"resourceType":')
      } else request.on('error', () => undefined).resume()
    }
    const started = here.audit().length
    let calls = 0
    async function consumer(): Promise<void> {
      while (calls < 300) {
        const turn = calls++
        const line = await dial(here)
        if (turn % 3 === 0) line.send(wirePut('Content-Length: 1000\r\n', 'hello'))
        else line.send(wireText())
        if (turn % 3 === 1) await until('the answer has begun', () => line.text.includes('{"resourceType":'))
        if (turn % 2 === 0) line.socket.end()
        line.close()
      }
    }
    await Promise.all(Array.from({ length: 10 }, consumer))
    await expectNothingLeft(here)
    await until('the provider has no connection in use', () => here.provider.connections.open === 0)
    const outcomes = here
      .audit()
      .slice(started)
      .filter((entry) => entry.type === 'outcome')
    expect(outcomes.length).toBeGreaterThanOrEqual(100)
    for (const entry of outcomes) expect([entry.status === 499 || entry.status === 200, entry.origin]).toEqual([true, 'consumer-network'])
  })

  test('after half-closing: it is taken for gone, and its call is aborted', async () => {
    let [asked, aborted] = [false, false]
    here.provider.answer = (_request, response) => {
      asked = true
      response.on('close', () => {
        aborted = true
      })
    }
    const started = here.audit().length
    const line = await dial(here)
    line.send(wireText())
    await until('the provider is asked', () => asked)
    line.socket.end()
    await line.end()
    await until('the provider sees the abort', () => aborted)
    const outcome = await until('the outcome', () =>
      here
        .audit()
        .slice(started)
        .find(({ type }) => type === 'outcome'),
    )
    expect(outcome).toMatchObject(interrupted)
    line.close()
  })

  test('behind three pipelined requests: none of those that waited is forwarded', async () => {
    const before = here.provider.received.length
    let asked = 0
    here.provider.answer = () => {
      asked++
    }
    const line = await dial(here)
    line.send(wireText() + wireText() + wireText())
    await until('the first is forwarded', () => asked === 1)
    line.close()
    await expectNothingLeft(here)
    expect([asked, here.provider.received.length]).toEqual([1, before])
  })

  test('within a head: nobody has asked for anything, and nothing is recorded', async () => {
    const before = here.audit().length
    const line = await dial(here)
    line.send(wireText().slice(0, 100))
    line.socket.end()
    expect(await line.end()).toEqual([])
    line.close()
    await expectNothingLeft(here)
    expect(here.audit()).toHaveLength(before)
  })
})

test('F9: a GET that the provider answers 200 keeps its connection for the next, whatever was refused between', async () => {
  const line = await dial(here)
  for (const [text, status] of [
    [wireText(), 200],
    [wireText({ target: `/${world.root}0/Patient` }), 400],
    [wireText(), 200],
  ] as const) {
    const count = line.answers.length
    line.send(text)
    expect((await line.answered(count + 1)).at(-1)?.status).toBe(status)
  }
  expect(line.ended).toBe(false)
  line.close()
})
