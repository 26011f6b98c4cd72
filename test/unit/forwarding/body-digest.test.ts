import { createHash } from 'node:crypto'
import fc from 'fast-check'
import { BodyDigest } from '../../../src/forwarding/body-digest.ts'

test('nothing has no digest', () => {
  const digest = new BodyDigest()
  expect([digest.bytes, digest.sha256()]).toEqual([0, undefined])
})

test('length and SHA-256 do not depend on how the body is cut', () => {
  fc.assert(
    fc.property(fc.array(fc.uint8Array({ maxLength: 50 }), { minLength: 1, maxLength: 10 }), (chunks) => {
      const digest = new BodyDigest()
      for (const chunk of chunks) digest.update(Buffer.from(chunk))
      const whole = Buffer.concat(chunks)
      expect([digest.bytes, digest.sha256()]).toEqual([whole.length, createHash('sha256').update(whole).digest('hex')])
    }),
  )
})
