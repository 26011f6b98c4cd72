import { generateKeyPairSync } from 'node:crypto'
import fc from 'fast-check'
import { statementIn, statementText, type TimedStatement } from '../../../src/state/evidence-wire.ts'
import { openLockoutSigning } from '../../../src/state/lockout-signing.ts'

const signingKey = generateKeyPairSync('ed25519').privateKey.export({ type: 'pkcs8', format: 'pem' }).toString()
const signing = openLockoutSigning({ signingKey }, '', () => [])

const statement: fc.Arbitrary<TimedStatement> = fc.record({
  run: fc.uuid(),
  nth: fc.nat(),
  at: fc.nat(),
  node: fc.stringMatching(/^[a-z0-9.-]{1,63}$/),
  about: fc.string({ minLength: 1 }),
  says: fc.string({ minLength: 1, unit: 'grapheme' }),
})

/** What is read of a text, where a key that counts has sealed it. */
function believed(text: string, run: string, about: string): string | undefined {
  const read = statementIn(text, run, about)
  return read !== undefined && signing.isSealed(read.sealed, read.signature) ? read.says : undefined
}

describe('a statement about evidence', () => {
  test('is read as it was said, where it stands under its own run and suspect, and nowhere else', () => {
    fc.assert(
      fc.property(statement, fc.string(), fc.string(), (said, otherRun, otherAbout) => {
        const text = statementText(said, signing.seal)
        expect(statementIn(text, said.run, said.about)).toMatchObject(said)
        expect(believed(text, said.run, said.about)).toBe(said.says)
        if (otherRun !== said.run) expect(believed(text, otherRun, said.about)).toBeUndefined()
        if (otherAbout !== said.about) expect(believed(text, said.run, otherAbout)).toBeUndefined()
      }),
      { numRuns: 50 },
    )
  })

  test('that was changed anywhere is not believed', () => {
    fc.assert(
      fc.property(statement, fc.nat(), fc.string({ minLength: 1, maxLength: 1 }), (said, place, put) => {
        const text = statementText(said, signing.seal)
        const at = place % text.length
        const changed = text.slice(0, at) + put + text.slice(at + 1)
        if (changed === text) return
        const read = statementIn(changed, said.run, said.about)
        // A leading nought or a spare bit of the signature's last digit changes nothing that is said.
        if (believed(changed, said.run, said.about) !== undefined) expect(read).toMatchObject(said)
      }),
      { numRuns: 300 },
    )
  })

  test('is none where a text is anything else, and nothing is thrown', () => {
    fc.assert(
      fc.property(
        fc.oneof(fc.string({ unit: 'binary' }), fc.stringMatching(/^\d{0,3} \d{0,3} n [0-9a-f]{16} [A-Za-z]{86}==.?.?$/)),
        (text) => {
          expect(believed(text, 'run', 'about')).toBeUndefined()
        },
      ),
    )
  })
})
