import fc from 'fast-check'
import { lockoutRequestOf, releaseReasonOf } from '../../../src/ops/lockout-body.ts'
import { Problem } from '../../../src/ops/problem.ts'

describe('the body of a lockout', () => {
  test('is a selector in its normal form, a reason and perhaps a time', () => {
    expect(lockoutRequestOf({ partyKey: 't77777-7777777', reason: 'r', forSeconds: 5 })).toEqual({
      selector: { kind: 'partyKey', value: 'T77777-7777777' },
      reason: 'r',
      forSeconds: 5,
    })
    expect(lockoutRequestOf({ endpoint: 'S1:2', reason: 'r' })).toEqual({ selector: { kind: 'endpoint', value: 'S1:2' }, reason: 'r' })
  })

  test.each([
    [{ asid: '200000000359', reason: 'two\nlines' }, /no control characters/],
    [{ asid: '200000000359', reason: '' }, /1 to 500 characters/],
    [{ asid: '200000000359', reason: 'x'.repeat(501) }, /1 to 500 characters/],
    [{ asid: '200000000359', reason: 'r', forSeconds: 0 }, /forSeconds/],
    [{ asid: '200000000359', reason: 'r', forSeconds: 3_155_760_001 }, /forSeconds/],
    [{ asid: '200000000359', reason: 'r', forSeconds: 1.5 }, /forSeconds/],
  ])('%j is a 400', (input, told) => {
    expect(() => lockoutRequestOf(input)).toThrow(expect.objectContaining({ status: 400, message: expect.stringMatching(told) }))
  })

  test('the reason of a release has the same form', () => {
    expect(releaseReasonOf(undefined)).toBeUndefined()
    expect(releaseReasonOf({ reason: 'found' })).toBe('found')
    expect(() => releaseReasonOf({ reason: 'two\u2028lines' })).toThrow(expect.objectContaining({ status: 400 }))
  })

  test('is a request or a 400, whatever was sent', () => {
    fc.assert(
      fc.property(fc.oneof(fc.jsonValue(), fc.constant(undefined), fc.record({ asid: fc.string(), reason: fc.string() })), (input) => {
        try {
          return lockoutRequestOf(input).reason.length > 0
        } catch (error) {
          return error instanceof Problem && error.status === 400
        }
      }),
    )
  })
})
