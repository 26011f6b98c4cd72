import fc from 'fast-check'
import { lockoutRequestOf } from '../../../src/ops/lockout-body.ts'
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
