import { answerFraming } from '../../src/forwarding/answer-framing.ts'
import { AnswerReader } from '../../src/forwarding/answer-reader.ts'
import { ChunkedReader } from '../../src/http/chunked-reader.ts'
import { HeadBuffer } from '../../src/http/head-buffer.ts'
import { canBeginRequest, readRequestHead } from '../../src/listener/request-head.ts'
import { parseToken } from '../../src/spine/access-token.ts'
import { findInteraction } from '../../src/spine/interaction-id.ts'
import { acceptable, mediaTypeOf, negotiateRepresentation } from '../../src/spine/representation.ts'
import { parseStrictJson } from '../../src/spine/strict-json.ts'
import { parseTarget } from '../../src/spine/target-url.ts'
import { faultsOfClaims } from '../../src/spine/token-claims.ts'
import { readWireForm } from '../../src/spine/wire-form.ts'
import { honestHeaders, tokenFor } from '../support/consumer.ts'
import { bodyTexts, connectionLines, framingLines, otherLines, targetTokens, wholeTargets } from '../support/edge-dictionary.ts'
import { namesOf } from '../support/names-of.ts'
import { world } from '../support/start-world.ts'
import { type FuzzedParser, jsonWords, latin1 } from './fuzzed-parser.ts'

/** Words of HTTP. */
export const httpWords = latin1([...targetTokens, ...wholeTargets, ...bodyTexts, ...framingLines, ...connectionLines, ...otherLines])

/** Readers of what a consumer or a provider sends. */
export function spineParsers(): readonly FuzzedParser[] {
  const claims = tokenFor(world.searchPatient).split('.')[1] ?? ''
  const json = Buffer.from(claims, 'base64url')
  const head = Object.entries(honestHeaders(world.searchPatient)).map(([name, value]) => `${name}: ${value}`)
  const claimContext = {
    now: Math.floor(Date.now() / 1000),
    clockSkewSeconds: 5,
    interaction: findInteraction(world.searchPatient),
    reasons: new Set(['directcare']),
  }
  const limits = { maxHeaders: 100, maxTargetBytes: 8192 }
  const target = `/${world.root}/Patient?identifier=https://fhir.nhs.uk/Id/nhs-number|9990000018`
  return [
    {
      name: 'target',
      weight: 1,
      samples: latin1([target, `/${encodeURIComponent(target.slice(1))}`]),
      dictionary: httpWords,
      run: (bytes) => parseTarget(bytes.toString('latin1')),
    },
    {
      name: 'wire form',
      weight: 1,
      samples: latin1([head.join('\n')]),
      dictionary: httpWords,
      run: (bytes) => {
        const raw = bytes
          .toString('latin1')
          .split('\n')
          .flatMap((line) => [line.split(':', 1)[0] ?? '', line.slice(line.indexOf(':') + 1).trim()])
        return readWireForm('GET', '1.1', target, raw, namesOf(raw), new Map(), limits)
      },
    },
    { name: 'JSON', weight: 1, samples: [json], dictionary: jsonWords, run: (bytes) => parseStrictJson(bytes.toString(), 20) },
    {
      name: 'access token',
      weight: 1,
      samples: latin1([tokenFor(world.searchPatient)]),
      dictionary: latin1(['.', '..', '=', '-', '_', '+', '/', 'e30', 'eyJhbGciOiJub25lIn0', 'bnVsbA', '\x00']),
      run: (bytes) => parseToken(bytes.toString('latin1')),
    },
    {
      name: 'claims',
      weight: 1,
      samples: [json],
      dictionary: jsonWords,
      run: (bytes) => {
        const read = parseToken(`eyJhbGciOiJub25lIn0.${bytes.toString('base64url')}.`)
        return 'fault' in read ? read : faultsOfClaims(read.claims, claimContext)
      },
    },
    {
      name: 'representation',
      weight: 1,
      samples: latin1(['application/fhir+json;q=0.9, application/xml;q=0.1, */*;q=0', '?_format=application/fhir%2Bxml&_format=json']),
      dictionary: latin1([',', ';', 'q=', '=', '%', '%2', '*/*', 'json', 'xml', '_format=', '&', ' '.repeat(2_000), ','.repeat(2_000)]),
      run: (bytes) => {
        const text = bytes.toString('latin1')
        return [mediaTypeOf(negotiateRepresentation(text, text, text), text, text, text), acceptable(text, text, false)]
      },
    },
    {
      name: 'request heads',
      weight: 1,
      samples: latin1([`GET ${target} HTTP/1.1\r\n${head.join('\r\n')}\r\n\r\n`]),
      dictionary: [...httpWords, ...latin1(['\r\n', '\n', '\r', ' HTTP/1.', ':', ' ', '\t'])],
      run: (bytes) => {
        const heads = new HeadBuffer(16_384, canBeginRequest)
        for (let at = 0; at < bytes.length; at += 97) {
          const found = heads.read(bytes.subarray(at, at + 97))
          if (found.kind === 'head') readRequestHead(found.text)
          if (found.kind !== 'more') return
        }
      },
    },
    {
      name: 'answers',
      weight: 1,
      samples: latin1([
        'HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello',
        'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5;a=b\r\nhello\r\n0\r\nX: y\r\n\r\n',
      ]),
      dictionary: [...httpWords, ...latin1(['HTTP/1.1 1', '\r\n', '\r\n\r\n', '\n', ':', '101', 'X: '])],
      run: (bytes) => {
        const reader = new AnswerReader({
          head: (found) => void answerFraming('GET', found),
          bodyAwaited: () => undefined,
          data: () => undefined,
          end: () => reader.leave(),
          fault: () => reader.leave(),
        })
        reader.expect('GET')
        for (let at = 0; at < bytes.length; at += 7) reader.read(bytes.subarray(at, at + 7))
      },
    },
    {
      name: 'chunks',
      weight: 1,
      samples: latin1(['5\r\nhello\r\n1;a="b"\r\nx\r\n0\r\nX: y\r\n\r\n']),
      dictionary: latin1(['\r\n', '\n', '0', 'ffffffffffffff', ';', ':', '"', '\0', 'a'.repeat(2_000)]),
      run: (bytes) => {
        const reader = new ChunkedReader()
        for (let at = 0; at < bytes.length && reader.fault === undefined && !reader.complete; at += 5)
          reader.read(bytes.subarray(at, at + 5), () => undefined)
      },
    },
  ]
}
