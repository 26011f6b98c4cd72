import type { TLSSocket } from 'node:tls'
import fc from 'fast-check'
import { droppedFromAnswer, hopByHop } from '../../src/spine/header-names.ts'
import { call } from '../support/consumer.ts'
import { answerBytes, type EdgeAnswer, edgeAnswer, leaked } from '../support/edge-answers.ts'
import { converse } from '../support/edge-exchange.ts'
import { honestBytes } from '../support/edge-requests.ts'
import { findProgram, whereInstalled } from '../support/outside-program.ts'
import { type AnswerJudge, goAnswerJudge, nodeAnswerJudge, pythonAnswerJudge } from '../support/parsers/answer-judges.ts'
import { comparable, type HeaderList } from '../support/parsers/reading.ts'
import { plainAnswer } from '../support/plain-reader.ts'
import { plainAnswer as honestAnswer, type ScriptedWorld, startScriptedWorld } from '../support/scripted-provider.ts'
import { until } from '../support/until.ts'

const programs = { python3: pythonAnswerJudge, go: goAnswerJudge }
const cases = Number(process.env['SSP_TEST_CASES'] ?? 500)
const seed = Number(process.env['SSP_TEST_SEED'] ?? Date.now() % 2 ** 31)

let here: ScriptedWorld
let judges: readonly AnswerJudge[]
const count = { cases: 0, passed: 0, refused: 0, cut: 0 }

beforeAll(async () => {
  const throttle = { requestsPerSecond: 100_000, burst: 100_000 }
  here = await startScriptedWorld({
    settings: { checks: { method: { allowed: ['GET', 'HEAD'] }, throttle } },
  })
  const installed = Object.entries(programs).flatMap(([name, start]) => {
    const path = findProgram(name)
    return path === undefined ? [] : [start(path)]
  })
  judges = await Promise.all([nodeAnswerJudge(), ...installed])
})
afterAll(async () => {
  await here?.close()
  await Promise.all((judges ?? []).map((judge) => judge.close()))
})

for (const name of Object.keys(programs))
  whereInstalled(name, () =>
    test(`${name} is among the judges`, async () => {
      const read = await Promise.all(judges.map((judge) => judge.read('GET', Buffer.from(honestAnswer('{}')))))
      expect(read.map((one) => 'status' in one && [one.status, one.bytes])).toEqual(judges.map(() => [200, 2]))
    }),
  )

let lastCase = 0

/** Lets the provider answer one call so, and gives back all that is wrong with what the consumer and the next one got. */
async function faultsOf(one: EdgeAnswer): Promise<readonly string[]> {
  const trace = `${(++lastCase).toString(16).padStart(8, '0')}-0000-4000-8000-000000000000`
  const own = answerBytes(one)
  const said = one.late ? own : Buffer.concat([own, Buffer.from(one.behind, 'latin1')])
  const whole = endsByItself(one, said)
  let carrier: TLSSocket | undefined
  here.script = (socket) => {
    const cut = one.cut % said.length
    if (cut > 0) socket.write(said.subarray(0, cut))
    const send = () => {
      socket.write(said.subarray(cut))
      // What is not whole would be waited for.
      if (one.closes) socket.end()
      else if (!whole) setTimeout(() => socket.end(), 20)
    }
    setTimeout(send, cut > 0 ? 2 : 0)
    carrier = socket
  }
  const got = await converse(here.world, honestBytes(one.method, 'none', trace, 'Connection: close', ''), { quietMs: 3_000 })
  const faults = got.closed ? [] : ['the connection was not closed']
  faults.push(...(await faultsOfAnswer(one, said, got.bytes)))
  if (one.late && one.behind !== '' && carrier?.writable) {
    carrier.write(Buffer.from(one.behind, 'latin1'))
    // Whole answers that nobody asked for end the connection; smaller things may.
    const dropped = await until('the connection is dropped', () => carrier?.destroyed === true, {
      withinMs: one.behind.includes(leaked) ? 2_000 : 20,
      everyMs: 1,
    }).catch(() => false)
    if (!dropped && one.behind.includes(leaked)) faults.push('a connection on which something came unasked is kept')
  }
  const mine = `{"mine":${lastCase}}`
  here.script = (socket) => socket.write(honestAnswer(mine))
  const next = await call(here.world)
  if (next.body.includes('another patient')) faults.push(`the next consumer got ${next.body}`)
  else if (next.body.toString() !== mine) faults.push(`the next consumer was refused: ${next.status} ${JSON.stringify(next.verdict)}`)
  return faults
}

/** Whether the end of the answer is plain from its bytes, without an end of the connection. */
function endsByItself({ method }: EdgeAnswer, said: Buffer): boolean {
  const plain = plainAnswer(said, method)
  if (plain === undefined) return false
  const framed = plain.headers.some(([name]) => /^(?:content-length|transfer-encoding)$/i.test(name))
  return framed || method === 'HEAD' || plain.status === 204 || plain.status === 304
}

/** One answer that all read alike, and that is the provider's, whole, or a refusal; or one that all see to be cut off. */
async function faultsOfAnswer(one: EdgeAnswer, said: Buffer, got: Buffer): Promise<readonly string[]> {
  const read = await Promise.all(judges.map((judge) => judge.read(one.method, got)))
  const meanings = read.map((reading) =>
    'fault' in reading ? 'cut' : JSON.stringify({ ...reading, headers: comparable(reading.headers) }),
  )
  count.cases++
  if (new Set(meanings).size !== 1)
    return [
      `the answer is not read alike: ${judges.map(({ name }, at) => `${name}: ${meanings[at]} ${JSON.stringify(read[at])}`).join('\n')}`,
    ]
  const [first] = read
  if (first === undefined || 'fault' in first) {
    count.cut++
    return []
  }
  if (first.rest > 0) return [`${first.rest} bytes stand behind the answer`]
  const byProvider =
    first.headers.some(([name, value]) => name.toLowerCase() === 'ssp-verdict' && /rule="provider-exchange"/.test(value)) &&
    first.status !== 502 &&
    first.status !== 504
  const plain = plainAnswer(said, one.method)
  if (!byProvider) {
    count.refused++
    return [502, 504].includes(first.status) ? [] : [`the consumer got ${first.status}`]
  }
  count.passed++
  if (plain === undefined) return [`a ${first.status} passed, of which a plain reader reads nothing`]
  const { status, bytes, sha256 } = plain
  const wanted = JSON.stringify({ status, bytes, sha256, headers: passing(plain.headers) })
  const passed = JSON.stringify({ status: first.status, bytes: first.bytes, sha256: first.sha256, headers: passing(first.headers) })
  return passed === wanted ? [] : [`${passed} passed, and the provider said ${wanted}`]
}

/** Headers that go through, without those that both sides may set for themselves. */
function passing(headers: HeaderList) {
  const named = headers
    .filter(([name]) => name.toLowerCase() === 'connection')
    .flatMap(([, list]) =>
      list
        .toLowerCase()
        .split(',')
        .map((one) => one.trim()),
    )
  return comparable(
    headers.filter(([written]) => {
      const name = written.toLowerCase()
      const ours = name === 'server-timing' || name === 'date' || name.startsWith('x-rate-limit-') || name.startsWith('ratelimit')
      return !ours && !hopByHop.has(name) && !droppedFromAnswer.has(name) && (!named.includes(name) || name.startsWith('content-'))
    }),
  )
}

test(
  `what a consumer gets is one answer with one meaning, whatever the provider sends (${cases} cases)`,
  async () => {
    const began = performance.now()
    const property = fc.asyncProperty(edgeAnswer, async (one) => {
      const faults = await faultsOf(one)
      if (faults.length > 0)
        throw new Error(`${faults.join('\n')}\nthe provider sent: ${JSON.stringify(answerBytes(one).toString('latin1').slice(0, 2_000))}`)
    })
    await fc.assert(property, { numRuns: cases, seed, interruptAfterTimeLimit: 60_000 + cases * 200, markInterruptAsFailure: true })
    const seconds = ((performance.now() - began) / 1000).toFixed(1)
    const names = judges.map(({ name }) => name).join(', ')
    process.stderr.write(`one meaning of answers: seed ${seed}, ${JSON.stringify(count)}, judges: ${names}; ${seconds} s\n`)
    expect(count.passed).toBeGreaterThan(cases / 10)
    expect(count.refused).toBeGreaterThan(cases / 10)
  },
  20 * 60_000,
)
