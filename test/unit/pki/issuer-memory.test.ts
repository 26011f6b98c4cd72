import { createIssuerMemory } from '../../../src/pki/issuer-memory.ts'
import { type Authority, createAuthority, type Issued } from '../../support/certificate-authority.ts'
import { presenting, trustStoreOf } from '../../support/trust-files.ts'

const now = Date.now()
let root: Authority
let sub: Authority
let leaf: Issued

beforeAll(async () => {
  root = await createAuthority({ name: 'Root' })
  sub = await createAuthority({ name: 'Sub', parent: root })
  leaf = await sub.issue({ cn: 'a.nhs.uk' })
})

describe('O2: a party that sent its own intermediate and then resumes with its certificate alone', () => {
  test('is judged as before', async () => {
    const store = await trustStoreOf({ anchors: [root.certificatePem] })
    const resumed = presenting(leaf)
    expect(store.judge(resumed, now).kind).toBe('bad')
    expect(store.judge(presenting(leaf, sub), now).kind).toBe('good')
    expect(store.judge(resumed, now).kind).toBe('good')
    expect(store.judge(presenting(leaf), now).kind).toBe('good')
  })

  test('is still recognised after a reload, and judged by the new anchors', async () => {
    const before = await trustStoreOf({ anchors: [root.certificatePem] })
    before.judge(presenting(leaf, sub), now)
    const same = await trustStoreOf({ anchors: [root.certificatePem], previous: before })
    expect(same.judge(presenting(leaf), now).kind).toBe('good')
    const other = await createAuthority({ name: 'Other' })
    const without = await trustStoreOf({ anchors: [other.certificatePem], previous: same })
    expect(without.judge(presenting(leaf), now).kind).toBe('bad')
  })

  test('is judged as before also where a configured intermediate leads to a chain that is not good', async () => {
    const day = 86_400_000
    const expired = await createAuthority({ name: 'Sub', parent: root, key: sub.key, notBefore: now - 9 * day, notAfter: now - day })
    const store = await trustStoreOf({ anchors: [root.certificatePem], intermediates: [expired.certificatePem] })
    expect(store.judge(presenting(leaf), now).kind).toBe('bad')
    expect(store.judge(presenting(leaf, sub), now).kind).toBe('good')
    expect(store.judge(presenting(leaf), now).kind).toBe('good')
  })

  test('gains nothing from issuers that led to no anchor', async () => {
    const stranger = await createAuthority({ name: 'Stranger' })
    const foreign = await stranger.issue({ cn: 'a.nhs.uk' })
    const store = await trustStoreOf({ anchors: [root.certificatePem] })
    expect(store.judge(presenting(foreign, stranger), now).kind).toBe('bad')
    expect(store.issuerMemory.recall(foreign.sha256)).toBeUndefined()
  })

  test('is refused once its issuers are forgotten, and the owner of the ticket keys is told', async () => {
    let forgotten = 0
    const issuerMemory = createIssuerMemory({ max: 1, onForgotten: () => void forgotten++ })
    const store = await trustStoreOf({ anchors: [root.certificatePem], issuerMemory })
    store.judge(presenting(leaf, sub), now)
    expect(forgotten).toBe(0)
    store.judge(presenting(await sub.issue({ cn: 'b.nhs.uk' }), sub), now)
    expect(forgotten).toBe(1)
    expect(store.judge(presenting(leaf), now)).toMatchObject({
      kind: 'bad',
      reason: expect.stringContaining('it sent no intermediate'),
    })
  })
})

test('issuers that many share are kept once', () => {
  const memory = createIssuerMemory()
  memory.remember('one', presenting(leaf, sub).presentedIssuers)
  memory.remember('two', presenting(leaf, sub).presentedIssuers)
  expect(memory.recall('one')?.[0]).toBe(memory.recall('two')?.[0])
})
