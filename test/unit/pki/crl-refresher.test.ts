import { jest } from '@jest/globals'
import type * as asn1js from 'asn1js'
import * as pkijs from 'pkijs'
import { systemClock } from '../../../src/lib/clock.ts'
import { readCertificate } from '../../../src/pki/certificate.ts'
import { type CrlRefresher, createCrlRefresher } from '../../../src/pki/crl-refresher.ts'
import { type CrlSource, crlSourcesOf } from '../../../src/pki/crl-source.ts'
import { type AuthorityCrl, readAuthorityCrls } from '../../../src/pki/revocation-index.ts'
import { type Authority, createAuthority, extension } from '../../support/certificate-authority.ts'
import { type CrlServer, startCrlServer } from '../../support/crl-server.ts'
import { until } from '../../support/until.ts'

let authority: Authority
let server: CrlServer
let refresher: CrlRefresher
let offered: AuthorityCrl[]
let failures: string[]
let ahead: number

beforeAll(async () => {
  authority = await createAuthority({ name: 'Root' })
})

beforeEach(async () => {
  server = await startCrlServer()
  offered = []
  failures = []
  ahead = 0
  refresher = createCrlRefresher({
    mayNotDial: () => undefined,
    anchors: () => [],
    offer: (der, url) => {
      const found = readAuthorityCrls(der, { file: url, origin: 'fetched', since: 0 }, [readCertificate(authority.certificate)])
      offered.push(...found)
      return found
    },
    failed: (url, reason, count) => void failures.push(`${count} ${url === server.url} ${reason}`),
    clock: { ...systemClock, now: () => Date.now() + ahead },
  })
})

afterEach(async () => {
  refresher.close()
  await server.close()
})

function asking(source: Partial<CrlSource> = {}): readonly CrlSource[] {
  return [{ url: server.url, ...source }]
}

test('a list is fetched at once, PEM or DER, and asked for with its validators from then on', async () => {
  server.publish(await authority.crl({ number: 1 }))
  refresher.configure(asking())
  await refresher.refresh()
  await refresher.refresh()
  expect(offered.map(({ number }) => number)).toEqual([1n])
  expect(server.requests[1]?.headers['if-none-match']).toBe('"1"')
  const der = Buffer.from((await authority.crl({ number: 2 })).replace(/-----[^-]+-----|\s/g, ''), 'base64')
  server.publish(der)
  await refresher.refresh()
  expect(offered.map(({ number }) => number)).toEqual([1n, 2n])
  expect(refresher.states).toEqual([{ url: server.url, failures: 0, succeededAt: expect.any(Number) }])
})

test('it is asked for again as often as is set, and after a failure', async () => {
  refresher.configure(asking({ everySeconds: 1 }))
  await until('a first failure', () => failures.length > 0)
  server.publish(await authority.crl())
  await until('the list', () => offered.length > 0)
  await until('another question', () => server.requests.length >= 3)
  expect(failures).toEqual(['1 true it answered 404'])
})

test('R7: after the clock has jumped ahead a list is asked for when that is due by it, not when it was due before', async () => {
  jest.useFakeTimers({ doNotFake: ['nextTick', 'setImmediate', 'queueMicrotask', 'performance', 'Date'] })
  try {
    server.publish(await authority.crl())
    refresher.configure(asking())
    await refresher.refresh()
    ahead = 20 * 86_400_000
    jest.advanceTimersByTime(10_000)
  } finally {
    jest.useRealTimers()
  }
  await until('another question', () => server.requests.length === 2)
})

test('what does not verify is a failure, told each time, and the next question is unconditional', async () => {
  const stranger = await createAuthority({ name: 'Stranger' })
  server.publish(await stranger.crl())
  refresher.configure(asking())
  await refresher.refresh()
  await refresher.refresh()
  expect(failures).toEqual([expect.stringContaining('1 true the revocation list is of an issuer'), expect.stringContaining('2 true the')])
  expect(server.requests[1]?.headers['if-none-match']).toBeUndefined()
  expect(refresher.states[0]).toMatchObject({ failures: 2, lastFailure: expect.stringContaining('of an issuer') })
})

test('rubbish is a failure, not a crash', async () => {
  for (const rubbish of ['', 'no list', '-----BEGIN X509 CRL-----', Buffer.from([0x30, 0x80])]) {
    server.publish(rubbish)
    refresher.configure(asking())
    await refresher.refresh()
  }
  expect(failures).toHaveLength(4)
})

test('an address that is no longer configured is no longer asked', async () => {
  server.publish(await authority.crl())
  refresher.configure(asking({ everySeconds: 1 }))
  await refresher.refresh()
  refresher.configure([])
  const before = server.requests.length
  await refresher.refresh()
  expect(server.requests).toHaveLength(before)
  expect(refresher.states).toEqual([])
})

describe('the addresses', () => {
  const settings = { crlUrls: [{ url: 'http://lists.nhs.uk/a.crl', everySeconds: 60 }], fetchFromAuthorities: true }

  async function namedBy(url: string): Promise<Authority> {
    const point = new pkijs.DistributionPoint({ distributionPoint: [new pkijs.GeneralName({ type: 6, value: url })] })
    const points = new pkijs.CRLDistributionPoints({ distributionPoints: [point] })
    const issued = await authority.issue({
      cn: 'x.nhs.uk',
      isCa: true,
      extensions: [extension('2.5.29.31', false, points.toSchema() as asn1js.Sequence)],
    })
    return issued as Authority
  }

  test('come from the settings and, where these allow it, from the configured authorities', async () => {
    const named = readCertificate((await namedBy('http://lists.nhs.uk/b.crl')).certificate)
    expect(crlSourcesOf(settings, [named])).toEqual([
      { url: 'http://lists.nhs.uk/a.crl', everySeconds: 60 },
      { url: 'http://lists.nhs.uk/b.crl' },
    ])
    expect(crlSourcesOf({ ...settings, fetchFromAuthorities: false }, [named])).toHaveLength(1)
  })

  test.each(['ldap://lists.nhs.uk/x', 'file:///etc/passwd', 'http://user@lists.nhs.uk/', 'no address'])(
    'are none where an authority names %s',
    async (url) => {
      const named = readCertificate((await namedBy(url)).certificate)
      expect(crlSourcesOf(settings, [named])).toHaveLength(1)
    },
  )
})
