import { generateKeyPairSync } from 'node:crypto'
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type LogSigner, openLogSigner } from '../../../../src/audit/log-signer.ts'
import { consistencyProof, emptyTree, grown, leafHash, rangesOf } from '../../../../src/audit/merkle-tree.ts'
import { cosignatureLine, cosignatureOf, cosigner, cosignerText, readCosigner } from '../../../../src/audit/witness/cosignature.ts'
import { readSubmission, submissionText } from '../../../../src/audit/witness/submission.ts'
import { createWitness, type Witness, type WitnessAnswer } from '../../../../src/audit/witness/witness.ts'

const leaves = Array.from({ length: 300 }, (_, n) => leafHash(`{"n":${n}}`))
const roots = rangesOf((index) => leaves[index] as Buffer)
const treeOf = (size: number) => grown(emptyTree, leaves.slice(0, size))
let now = 1_790_000_000_000

let folder: string
let signer: LogSigner
let witness: Witness
const open = (): Witness =>
  createWitness(join(folder, 'witness'), () => ({ name: 'w.example/1', logs: new Map([['node1/main', [signer.verifier]]]) }), {
    now: () => now,
    elapsed: () => 0,
  })
const openAgain = (): Witness => {
  witness.close()
  return open()
}

beforeEach(() => {
  now = 1_790_000_000_000
  folder = mkdtempSync(join(tmpdir(), 'ssp-witness-'))
  signer = openLogSigner(join(folder, 'log'), 'node1/main')
  witness = open()
})
afterEach(() => {
  witness.close()
  rmSync(folder, { recursive: true, force: true })
})

async function submit(old: number, size: number, proof = old === 0 ? [] : consistencyProof(roots, old, size)): Promise<WitnessAnswer> {
  return witness.addCheckpoint(submissionText({ old, proof, note: await signer.checkpoint(treeOf(size)) }))
}

test('it cosigns a log that grows, also after a restart, and says what it has cosigned', async () => {
  expect(await submit(0, 5)).toMatchObject({ status: 200, outcome: 'cosigned' })
  expect(await submit(5, 5)).toMatchObject({ status: 200 })
  witness = openAgain()
  expect(await submit(5, 64)).toMatchObject({ status: 200 })
  const { text } = await submit(64, 300)
  const note = await signer.checkpoint(treeOf(300))
  const own = readCosigner(witness.verifierText())
  expect(own && cosignatureOf(`${note}${text}`, own)).toEqual({ seconds: now / 1000, line: text })
  expect(witness.witnessed()).toEqual([{ origin: 'node1/main', size: 300, cosignedAt: now / 1000 }])
})

test('a size that it does not know of is answered with the one that it knows', async () => {
  await submit(0, 5)
  for (const old of [0, 4, 6]) {
    expect(await submit(old, 64)).toEqual({
      origin: 'node1/main',
      outcome: 'behind',
      status: 409,
      contentType: 'text/x.tlog.size',
      text: '5\n',
    })
  }
  // Another log of the same key that is shorter: it never goes back.
  expect(await submit(5, 64)).toMatchObject({ status: 200 })
  expect(await submit(5, 6)).toMatchObject({ status: 409, text: '64\n' })
})

test('a log that was written anew is not cosigned, whatever is sent as a proof', async () => {
  await submit(0, 5)
  const others = leaves.map((_, n) => leafHash(`{"other":${n}}`))
  const otherRoots = rangesOf((index) => others[index] as Buffer)
  const note = await signer.checkpoint(grown(emptyTree, others.slice(0, 64)))
  const genuine = consistencyProof(roots, 5, 64)
  for (const proof of [consistencyProof(otherRoots, 5, 64), genuine, [], genuine.slice(1), [...genuine, ...genuine]]) {
    expect(await witness.addCheckpoint(submissionText({ old: 5, proof, note }))).toMatchObject({ status: 422, outcome: 'unproven' })
  }
  const same = await signer.checkpoint(grown(emptyTree, others.slice(0, 5)))
  expect(await witness.addCheckpoint(submissionText({ old: 5, proof: [], note: same }))).toMatchObject({
    status: 409,
    outcome: 'inconsistent',
  })
  // What shows that the keys signed two histories is kept.
  expect(readFileSync(join(folder, 'witness', 'witness', 'node1%2Fmain.contradicting-5'), 'utf8')).toBe(same)
  // A proof where there is nothing to prove, and one of the same tree.
  expect(await submit(5, 5, genuine)).toMatchObject({ status: 422 })
  expect(await submit(5, 64)).toMatchObject({ status: 200 })
})

test('what is signed by another key, of another log or none at all is refused, each with its status', async () => {
  const stranger = openLogSigner(join(folder, 'stranger'), 'node1/main')
  const unknown = openLogSigner(join(folder, 'stranger'), 'node2/main')
  const bodyOf = async (by: LogSigner) => submissionText({ old: 0, proof: [], note: await by.checkpoint(treeOf(3)) })
  expect(await witness.addCheckpoint(await bodyOf(stranger))).toMatchObject({ status: 403, outcome: 'unsigned' })
  expect(await witness.addCheckpoint(await bodyOf(unknown))).toMatchObject({ status: 404, outcome: 'unknown-log' })
  expect(await submit(4, 3, [])).toMatchObject({ status: 400 })
  const note = await signer.checkpoint(treeOf(3))
  const bodies = ['', 'old 0\n', 'old 0\n\n', `old 00\n\n${note}`, `old -1\n\n${note}`, `old 1e1\n\n${note}`, `old 0\nAAAA\n\n${note}`]
  const signed = note.split('\n').at(-2) ?? ''
  expect(await witness.addCheckpoint(`old 0\n\n${note.replace('main\n', 'main\r\n')}`)).toMatchObject({ status: 400 })
  expect(await witness.addCheckpoint(`old 0\n\n${note}${`${signed}\n`.repeat(16)}`)).toMatchObject({ status: 400 })
  for (const body of [...bodies, `${note}`, `old 0\n${`${'A'.repeat(43)}=\n`.repeat(64)}\n${note}`, `old 9999999999999999\n\n${note}`])
    expect(await witness.addCheckpoint(body)).toMatchObject({ status: 400, outcome: 'malformed' })
  expect(witness.witnessed()).toEqual([])
})

test('of submissions that come at once one goes on from what is known, and nothing goes back', async () => {
  await submit(0, 5)
  const answers = await Promise.all([submit(5, 64), submit(5, 300), submit(5, 200)])
  expect(answers.map(({ status }) => status).toSorted()).toEqual([200, 409, 409])
  const [known] = witness.witnessed()
  const size = known !== undefined && 'size' in known ? known.size : 0
  expect(answers.filter(({ status }) => status === 409).map(({ text }) => text)).toEqual([`${size}\n`, `${size}\n`])
})

test('two processes that are one witness would cosign two histories: the second is refused, until the first is gone', async () => {
  const second = () =>
    createWitness(join(folder, 'witness'), () => ({ name: 'w.example/1', logs: new Map() }), { now: () => now, elapsed: () => 0 })
  expect(second).toThrow(`is being written by process ${process.pid}: stop it first, or give this one another data directory`)
  await submit(0, 5)
  witness.close()
  witness = second()
})

test('a memory that cannot be read is no reason to begin anew', async () => {
  await submit(0, 5)
  witness = openAgain()
  writeFileSync(join(folder, 'witness', 'witness', 'node1%2Fmain.checkpoint'), 'nothing')
  await expect(submit(0, 3)).rejects.toThrow('cannot be believed')
  await expect(submit(5, 64)).rejects.toThrow('cannot be believed')
  expect(witness.witnessed()).toEqual([{ origin: 'node1/main', problem: expect.stringContaining('cannot be read') }])
})

test('a memory that is gone while the key is there is no reason either', async () => {
  await submit(0, 5)
  rmSync(join(folder, 'witness', 'witness'), { recursive: true })
  expect(open).toThrow('begin as another witness')
})

test('the same checkpoint is answered from memory within a minute, and cosigned anew after', async () => {
  const first = await submit(0, 5)
  const path = join(folder, 'witness', 'witness', 'node1%2Fmain.checkpoint')
  rmSync(path)
  expect(await submit(5, 5)).toEqual(first)
  expect(existsSync(path)).toBe(false)
  now += 61_000
  expect((await submit(5, 5)).text).not.toBe(first.text)
  expect(existsSync(path)).toBe(true)
})

test('a signature that names a known key and is none is refused, though another is good', async () => {
  const note = await signer.checkpoint(treeOf(5))
  const [, bad = ''] = /^— \S+ (\S+)$/m.exec(note) ?? []
  const bytes = Buffer.from(bad, 'base64')
  bytes[20] = (bytes[20] ?? 0) ^ 1
  const forged = `${note}— node1/main ${bytes.toString('base64')}\n`
  expect(await witness.addCheckpoint(submissionText({ old: 0, proof: [], note: forged }))).toMatchObject({ status: 403 })
  // That of an unknown key is ignored, and not kept.
  const stranger = await openLogSigner(join(folder, 'stranger'), 'node9/main').checkpoint(treeOf(5))
  const line = stranger.split('\n').at(-2)
  expect(await witness.addCheckpoint(submissionText({ old: 0, proof: [], note: `${note}${line}\n` }))).toMatchObject({ status: 200 })
  expect(readFileSync(join(folder, 'witness', 'witness', 'node1%2Fmain.checkpoint'), 'utf8')).not.toContain('node9')
})

test('an empty log has one root', async () => {
  const note = await signer.checkpoint({ size: 0, roots: [leafHash('a')] })
  expect(await witness.addCheckpoint(submissionText({ old: 0, proof: [], note }))).toMatchObject({ status: 400 })
  expect(await submit(0, 0)).toMatchObject({ status: 200 })
  expect(await submit(0, 3)).toMatchObject({ status: 200 })
})

test('a cosignature holds for its text, time, name and key alone', async () => {
  const { privateKey, publicKey } = generateKeyPairSync('ed25519')
  const by = cosigner('w.example/1', publicKey)
  const text = 'node1/main\n3\nAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n'
  const line = cosignatureLine(text, 1_679_315_147, { verifier: by, key: privateKey })
  expect(cosignatureOf(`${text}\n${line}`, by)?.seconds).toBe(1_679_315_147)
  expect(cosignatureOf(`${text.replace('3', '4')}\n${line}`, by)).toBeUndefined()
  expect(cosignatureOf(`${text}\n${line.replace('w.example/1', 'w.example/2')}`, by)).toBeUndefined()
  expect(cosignatureOf(`${text}\n${line}`, cosigner('w.example/1', generateKeyPairSync('ed25519').publicKey))).toBeUndefined()
  const later = Buffer.from(line.split(' ')[2] ?? '', 'base64')
  later[11] = (later[11] ?? 0) ^ 1
  expect(cosignatureOf(`${text}\n— w.example/1 ${later.toString('base64')}\n`, by)).toBeUndefined()
  expect(readCosigner(cosignerText(by))?.id).toEqual(by.id)
  // The key of a log is none of a witness, nor the other way round.
  expect(readCosigner((await openLogSigner(folder, 'n/w')).verifierText)).toBeUndefined()
})

test('a submission is read as it was written', () => {
  const written = { old: 7, proof: [leafHash('a'), leafHash('b')], note: 'origin\n1\nroot\n\n— a b\n' }
  expect(readSubmission(submissionText(written))).toEqual(written)
})
