import { arrivalOf } from '../../../src/explain/hypothetical-call.ts'
import type { Registry } from '../../../src/registry/registry.ts'

test('a method that is none of HTTP is refused where the wire is read, before whatever else is wrong with the request', () => {
  const call = { method: 'FOO', target: '/x', headers: [], certificate: { kind: 'none' } } as const
  const limits = { maxHeaders: 100, maxTargetBytes: 8192 } as Parameters<typeof arrivalOf>[2]
  const clock = { now: () => 0, elapsed: () => 0 }
  expect(arrivalOf(call, {} as Registry, limits, clock).form).toMatchObject({ rule: 'wire-form', code: 'NOT_IMPLEMENTED' })
  expect(arrivalOf({ ...call, method: 'GET' }, {} as Registry, limits, clock).form).toMatchObject({ code: 'MALFORMED_REQUEST' })
})
