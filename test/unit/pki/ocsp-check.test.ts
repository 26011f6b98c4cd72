import type { Clock } from '../../../src/lib/clock.ts'
import { readCertificate } from '../../../src/pki/certificate.ts'
import { createOcspCheck, type OcspCheck, type OcspParts } from '../../../src/pki/ocsp-check.ts'
import { pkiSettings } from '../../../src/pki/pki-settings.ts'
import type { PresentedCertificate } from '../../../src/pki/presented.ts'
import type { TrustStore } from '../../../src/pki/trust-store.ts'
import { type Authority, createAuthority, extension, type Issued } from '../../support/certificate-authority.ts'
import { type CrlServer, startCrlServer } from '../../support/crl-server.ts'
import { ocspAnswer } from '../../support/ocsp-answer.ts'
import { type OcspResponder, startOcspResponder } from '../../support/ocsp-responder.ts'
import { whereInstalled } from '../../support/outside-program.ts'
import { presenting, trustStoreOf } from '../../support/trust-files.ts'
import { until } from '../../support/until.ts'

let root: Authority
let trust: TrustStore
let leaf: Issued
let results: string[]
let revoked: string[]
/** On the wall; `slept` is how much the monotonic time is ahead of the machine's. */
let time: number
let slept: number
const clock: Clock = { now: () => time, elapsed: () => performance.now() + slept }

beforeAll(async () => {
  root = await createAuthority({ name: 'Root', keyType: 'rsa' })
  leaf = await root.issue({ cn: 'a.nhs.uk' })
  trust = await trustStoreOf({ anchors: [root.certificatePem] })
})
beforeEach(() => {
  results = []
  revoked = []
  time = Date.now()
  slept = 0
})

function checkWith(ocsp: object, more: Partial<OcspParts> = {}, fetchFromAuthorities = false): OcspCheck {
  const settings = pkiSettings.parse({ anchors: ['root.pem'], ocsp, fetchFromAuthorities })
  return createOcspCheck({
    settings: () => settings,
    trust: () => trust,
    mayNotDial: () => undefined,
    clock,
    asked: (result, reason) => void results.push(reason === undefined ? result : `${result}: ${reason}`),
    revoked: (sha256) => void revoked.push(sha256),
    ...more,
  })
}

/** What the check says once it has asked whom it must. */
async function judged(check: OcspCheck, presented: PresentedCertificate): Promise<string> {
  await check.ready(presented)
  const verdict = check.judge(presented, time)
  return verdict.kind === 'bad' ? verdict.reason : verdict.kind
}

test('off, nobody is asked', async () => {
  const check = checkWith({ mode: 'off', url: 'http://127.0.0.1:1/' })
  expect(check.ready(presenting(leaf))).toBeUndefined()
  expect(await judged(check, presenting(leaf))).toBe('good')
  expect(check.isRevoked(leaf.sha256)).toBe(false)
  expect(results).toEqual([])
})

whereInstalled('openssl', (openssl) => {
  describe("with OpenSSL's responder", () => {
    let responder: OcspResponder
    beforeAll(async () => {
      responder = await startOcspResponder(openssl, root)
    })
    afterAll(() => responder.close())

    test('what it calls good is good, asked once, from memory afterwards', async () => {
      await responder.know([leaf])
      const check = checkWith({ mode: 'require', url: responder.url })
      const [one, other] = [presenting(leaf), presenting(leaf)]
      await Promise.all([check.ready(one), check.ready(other)])
      expect(await judged(check, one)).toBe('good')
      expect(check.ready(other)).toBeUndefined()
      expect(results).toEqual(['good'])
    })

    test('what it calls revoked is refused in both modes, with the date', async () => {
      const gone = await root.issue({ cn: 'gone.nhs.uk' })
      await responder.know([leaf], [gone])
      for (const mode of ['check', 'require']) {
        const check = checkWith({ mode, url: responder.url })
        expect(await judged(check, presenting(gone))).toBe('revoked on 2026-01-01T00:00:00Z, says the OCSP responder')
        expect(check.isRevoked(gone.sha256)).toBe(true)
      }
      expect(revoked).toEqual([])
    })

    test('what it does not know passes where it is only checked, and not where good is required', async () => {
      const unknown = await root.issue({ cn: 'unknown.nhs.uk' })
      expect(await judged(checkWith({ mode: 'check', url: responder.url }), presenting(unknown))).toBe('good')
      expect(await judged(checkWith({ mode: 'require', url: responder.url }), presenting(unknown))).toBe(
        'revocation unknown: the OCSP responder does not know the certificate',
      )
    })

    test('a revocation is learned in the background, while the last answer still counts, and told once', async () => {
      const victim = await root.issue({ cn: 'victim.nhs.uk' })
      await responder.know([victim])
      const check = checkWith({ mode: 'require', url: responder.url, cacheSeconds: 100 })
      const presented = presenting(victim)
      expect(await judged(check, presented)).toBe('good')
      await responder.know([], [victim])
      time += 60_000
      expect(check.ready(presented)).toBeUndefined()
      expect(check.judge(presented, time).kind).toBe('good')
      await until('the background answer', () => revoked.length > 0)
      expect(check.judge(presented, time).kind).toBe('bad')
      time += 60_000
      await check.ready(presented)
      check.judge(presented, time)
      expect(revoked).toEqual([victim.sha256])
    })

    test('a responder that the authority has certified answers in its place; one of another authority does not', async () => {
      const usages = ['1.3.6.1.5.5.7.3.9'] as const
      const delegate = await root.issue({ cn: 'ocsp.nhs.uk', usages: [...usages] })
      const stranger = await (await createAuthority({ name: 'Other' })).issue({ cn: 'ocsp.nhs.uk', usages: [...usages] })
      for (const [signer, answer] of [
        [delegate, 'good'],
        [stranger, expect.stringMatching(/^revocation unknown: .*not issued by the authority/)],
      ] as const) {
        const delegated = await startOcspResponder(openssl, root, { signer })
        try {
          await delegated.know([leaf])
          expect(await judged(checkWith({ mode: 'require', url: delegated.url }), presenting(leaf))).toEqual(answer)
        } finally {
          await delegated.close()
        }
      }
    })

    test('the responder that a verified certificate names is asked only where the settings allow it', async () => {
      const value = Buffer.from(responder.url)
      const access = Buffer.concat([
        Buffer.from([0x30, value.length + 14, 0x30, value.length + 12]),
        Buffer.from('06082b06010505073001', 'hex'),
        Buffer.from([0x86, value.length]),
        value,
      ])
      const naming = await root.issue({
        cn: 'naming.nhs.uk',
        extensions: [extension('1.3.6.1.5.5.7.1.1', false, Uint8Array.from(access).buffer)],
      })
      await responder.know([naming])
      expect(await judged(checkWith({ mode: 'require' }, {}, true), presenting(naming))).toBe('good')
      expect(await judged(checkWith({ mode: 'require' }), presenting(naming))).toMatch(/no responder is configured/)
    })
  })
})

describe('a responder that cannot be had', () => {
  let server: CrlServer
  beforeAll(async () => {
    server = await startCrlServer()
  })
  afterAll(() => server.close())

  test('lets pass where it is only checked, refuses where good is required, and is not asked again at once', async () => {
    const check = checkWith({ mode: 'check', url: server.url })
    expect(await judged(check, presenting(leaf))).toBe('good')
    const strict = checkWith({ mode: 'require', url: server.url })
    expect(await judged(strict, presenting(leaf))).toMatch(
      /^revocation unknown: the OCSP responder gave no answer that counts: it answered 404$/,
    )
    expect(await judged(strict, presenting(leaf))).toMatch(/^revocation unknown/)
    expect(results).toEqual(['failed: it answered 404', 'failed: it answered 404'])
    time += 31_000
    expect(await judged(strict, presenting(leaf))).toMatch(/^revocation unknown/)
    expect(results).toHaveLength(3)
  })

  test('costs no more time than its budget', async () => {
    server.answer = () => undefined
    const started = performance.now()
    expect(await judged(checkWith({ mode: 'require', url: server.url, timeoutSeconds: 0.2 }), presenting(leaf))).toMatch(/within 200 ms/)
    expect(performance.now() - started).toBeLessThan(2_000)
  })

  test('T9: is not asked at an address that may not be dialled', async () => {
    const check = checkWith({ mode: 'require', url: server.url }, { mayNotDial: () => 'it is loopback' })
    expect(await judged(check, presenting(leaf))).toMatch(/may not be dialled: it is loopback/)
  })
})

test('T9: an older answer that is sent again takes no revocation back; a newer one does', async () => {
  const minute = 60_000
  const authority = await createAuthority({ name: 'Held' })
  const held = await authority.issue({ cn: 'held.nhs.uk' })
  const { serial } = readCertificate(held.certificate).fields
  const itsTrust = await trustStoreOf({ anchors: [authority.certificatePem] })
  const server = await startCrlServer()
  const check = checkWith({ mode: 'check', url: server.url, cacheSeconds: 60 }, { trust: () => itsTrust })
  const verdictAfter = async (status: 'good' | 'revoked', thisUpdate: number): Promise<string> => {
    const answer = ocspAnswer({ issuer: authority, serial, status, thisUpdate, nextUpdate: time + 60 * minute })
    server.answer = (_request, response) => void response.end(answer)
    const asked = results.length
    check.judge(presenting(held), time)
    await until('an answer', () => results.length > asked)
    return judged(check, presenting(held))
  }
  try {
    expect(await verdictAfter('revoked', time - minute)).toMatch(/^revoked on/)
    time += minute
    expect(await verdictAfter('good', time - 10 * minute)).toMatch(/^revoked on/)
    time += minute
    expect(await verdictAfter('good', time)).toBe('good')
    expect(results).toEqual(['revoked', 'failed: it is older than the answer that called the certificate revoked', 'good'])
  } finally {
    await server.close()
  }
})

test('R7: an answer that came while the clock was a year ahead counts no longer than others, and a failure of then is tried again', async () => {
  const day = 86_400_000
  const authority = await createAuthority({ name: 'Long' })
  const party = await authority.issue({ cn: 'party.nhs.uk', notAfter: time + 800 * day })
  const { serial } = readCertificate(party.certificate).fields
  const itsTrust = await trustStoreOf({ anchors: [authority.certificatePem] })
  const server = await startCrlServer()
  let status: 'good' | 'revoked' = 'good'
  server.answer = (_request, response) => void response.end(ocspAnswer({ issuer: authority, serial, status, thisUpdate: time }))
  const check = checkWith({ mode: 'require', url: server.url, cacheSeconds: 60 }, { trust: () => itsTrust })
  try {
    time += 365 * day
    expect(await judged(check, presenting(party))).toBe('good')
    time -= 365 * day
    slept += 61_000
    status = 'revoked'
    expect(await judged(check, presenting(party))).toMatch(/^revoked on/)
    const later = checkWith({ mode: 'require', url: server.url }, { trust: () => itsTrust })
    time += 365 * day
    server.answer = (_request, response) => void response.writeHead(500).end()
    expect(await judged(later, presenting(party))).toMatch(/it answered 500$/)
    time -= 365 * day
    slept += 31_000
    await judged(later, presenting(party))
    expect(results).toHaveLength(4)
  } finally {
    await server.close()
  }
})

test('what is bad anyway is asked about nowhere', async () => {
  const stranger = await (await createAuthority({ name: 'Other' })).issue({ cn: 'a.nhs.uk' })
  const check = checkWith({ mode: 'require', url: 'http://127.0.0.1:1/' })
  expect(check.ready(presenting(stranger))).toBeUndefined()
  expect(await judged(check, presenting(stranger))).toMatch(/not among the anchors/)
  expect(results).toEqual([])
})
