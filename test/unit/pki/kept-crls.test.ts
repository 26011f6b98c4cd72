import { mkdtemp, readdir, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { authorityIdOf, readCertificate } from '../../../src/pki/certificate.ts'
import { openKeptCrls } from '../../../src/pki/kept-crls.ts'
import type { KeptCrl } from '../../../src/pki/load-trust-store.ts'
import { type Authority, createAuthority } from '../../support/certificate-authority.ts'
import { trustStoreOf } from '../../support/trust-files.ts'

let root: Authority
let directory: string

beforeAll(async () => {
  root = await createAuthority({ name: 'Root' })
})
beforeEach(async () => {
  directory = join(await mkdtemp(join(tmpdir(), 'kept-')), 'crl')
})

async function list(number: number): Promise<Buffer> {
  return Buffer.from((await root.crl({ number })).replace(/-----[^-]+-----|\s/g, ''), 'base64')
}

test('the latest list of an authority is there after a restart, readable by nobody else, and nothing half written', async () => {
  const kept = await openKeptCrls(directory)
  expect(kept.found).toEqual([])
  const id = authorityIdOf(readCertificate(root.certificate))
  const latest = await list(2)
  await Promise.all([kept.keep(id, await list(1)), kept.keep(id, latest)])
  await writeFile(join(directory, 'left.crl.x.new'), 'half')
  const again = await openKeptCrls(directory)
  expect(again.found.map(({ der }) => der)).toEqual([latest])
  expect(await readdir(directory)).toEqual([`${id}.crl`])
  expect((await stat(join(directory, `${id}.crl`))).mode & 0o777).toBe(0o600)
  expect((await stat(directory)).mode & 0o777).toBe(0o700)
  const store = await trustStoreOf({ anchors: [root.certificatePem], kept: again.found })
  expect(store.crls).toMatchObject([{ number: '2' }])
})

test('what is kept is verified anew, and left out with a warning where it does not hold', async () => {
  const stranger = await createAuthority({ name: 'Stranger' })
  const kept = await openKeptCrls(directory)
  await kept.keep('a', await list(3))
  await kept.keep('b', Buffer.from('rubbish'))
  const { found } = await openKeptCrls(directory)
  const store = await trustStoreOf({ anchors: [root.certificatePem], kept: found })
  expect(store.crls).toMatchObject([{ number: '3' }])
  expect(store.warnings).toEqual([expect.stringMatching(/earlier fetch is not used: .*b\.crl: /)])
  const other = await trustStoreOf({ anchors: [stranger.certificatePem], kept: found })
  expect(other.crls).toEqual([])
  expect(other.warnings).toHaveLength(2)
})

test('O8: of a file and what is kept the newer counts, and a file may lag behind without being a replay', async () => {
  const found: KeptCrl[] = [{ der: await list(5), place: { file: 'kept', origin: 'fetched', since: 0 } }]
  const [older, newer] = [await root.crl({ number: 4 }), await root.crl({ number: 6 })]
  const first = await trustStoreOf({ anchors: [root.certificatePem], crls: [older], kept: found })
  expect(first.crls).toMatchObject([{ number: '5' }])
  const reloaded = await trustStoreOf({ anchors: [root.certificatePem], crls: [older], previous: first })
  expect(reloaded.crls).toMatchObject([{ number: '5' }])
  const ahead = await trustStoreOf({ anchors: [root.certificatePem], crls: [newer], previous: reloaded })
  expect(ahead.crls).toMatchObject([{ number: '6' }])
  await expect(trustStoreOf({ anchors: [root.certificatePem], crls: [older], previous: ahead })).rejects.toThrow(
    /older than the one in force/,
  )
})
