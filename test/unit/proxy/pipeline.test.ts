import { setFlagsFromString } from 'node:v8'
import type { Start } from '../../../src/checks/check-needs.ts'
import { clientCertificate } from '../../../src/checks/client-certificate.ts'
import { identityBinding } from '../../../src/checks/identity-binding.ts'
import { lockout } from '../../../src/checks/lockout.ts'
import { requestForm } from '../../../src/checks/request-form.ts'
import { wireForm } from '../../../src/checks/wire-form.ts'
import type { Forwarding } from '../../../src/forwarding/forward.ts'
import { type AdmissionNeeds, type Admitted, beginEvidence } from '../../../src/proxy/admission.ts'
import { type CheckEntry, type Mode, Pipeline } from '../../../src/proxy/pipeline.ts'
import type { Arrival } from '../../../src/spine/arrival.ts'
import { type Refusal, refuse } from '../../../src/spine/refusal.ts'

interface Number0 {
  readonly value: number
}
type Needs = { readonly limit: number }

const positive = {
  name: 'positive',
  summary: 'The value is positive.',
  modes: ['enforce'],
  codes: ['BAD_REQUEST'],
  create: () => (start: Number0) => (start.value > 0 ? { root: Math.sqrt(start.value) } : no('positive')),
} as const
const small = {
  name: 'small',
  summary: 'Its root is below the limit.',
  modes: ['enforce', 'observe'],
  codes: ['BAD_REQUEST'],
  create:
    ({ limit }: Needs) =>
    (start: { readonly root: number }) =>
      start.root < limit ? { small: true as const } : no('small'),
} as const
const even = { ...small, name: 'even', create: () => (start: Number0) => (start.value % 2 === 0 ? {} : no('even')) } as const

function no(rule: string): Refusal {
  return refuse(rule, 'BAD_REQUEST', { reason: rule })
}

const list = Pipeline.of<Needs, Number0>().use(positive).use(small).use(even)
const enforced = (): Mode => 'enforce'

test('what passes brings the evidence of every check', () => {
  expect(list.bind({ limit: 5 }, enforced)({ value: 4 })).toEqual({
    admitted: true,
    evidence: { value: 4, root: 2, small: true },
    observed: [],
  })
})

test('the first refusal counts, and no later check is asked', () => {
  const asked: string[] = []
  const ask = () => {
    asked.push('spy')
    return {}
  }
  const spy: CheckEntry<Needs, Number0, object> = { ...even, name: 'spy', create: () => ask }
  const admit = Pipeline.of<Needs, Number0>().use(positive).use(small).use(spy).bind({ limit: 5 }, enforced)
  const found = admit({ value: -3 })
  expect(found).toMatchObject({ admitted: false, refusal: { rule: 'positive' }, observed: [] })
  expect(asked).toEqual([])
  expect(admit({ value: 100 })).toMatchObject({ admitted: false, refusal: { rule: 'small' }, evidence: { root: 10 } })
  expect(asked).toEqual([])
})

test('a check that observes lets pass, proves nothing, and is told of; the others go on', () => {
  const observing = (name: string): Mode => (name === 'small' ? 'observe' : 'enforce')
  const admit = list.bind({ limit: 2 }, observing)
  const found = admit({ value: 100 })
  expect(found).toEqual({ admitted: true, evidence: { value: 100, root: 10 }, observed: [no('small')] })
  expect(admit({ value: 101 })).toMatchObject({ admitted: false, refusal: { rule: 'even' }, observed: [{ rule: 'small' }] })
})

test('a check that may only enforce enforces, whatever is set', () => {
  expect(list.bind({ limit: 5 }, () => 'observe')({ value: -1 })).toMatchObject({ admitted: false, refusal: { rule: 'positive' } })
})

test('one call leaves nothing behind for the next', () => {
  const admit = list.bind({ limit: 2 }, () => 'observe')
  admit({ value: 101 })
  expect(admit({ value: 2 })).toMatchObject({ admitted: true, observed: [] })
})

test('a check that throws is not taken for one that passed', () => {
  const thrower = {
    ...even,
    create: () => (): object => {
      throw new Error('unforeseen')
    },
  } as unknown as CheckEntry<Needs, Number0, object>
  const admit = Pipeline.of<Needs, Number0>().use(thrower).bind({ limit: 1 }, enforced)
  expect(() => admit({ value: 1 })).toThrow('unforeseen')
})

/** Never called: that the lines marked so do not compile is what is tested, by `tsc`, which also complains about a mark without an error. */
function wouldNotCompile(forwarding: Forwarding, arrival: Arrival, start: Start, admitted: Admitted): void {
  const empty = Pipeline.of<AdmissionNeeds, Start>()
  empty.use(wireForm).use(clientCertificate).use(lockout).use(requestForm).use(identityBinding)
  // @ts-expect-error the lockout needs the certificate that row 2 proves
  empty.use(wireForm).use(lockout)
  // @ts-expect-error the binding needs the headers that row 5 proves
  empty.use(wireForm).use(clientCertificate).use(identityBinding)
  // @ts-expect-error and the certificate
  empty.use(wireForm).use(requestForm).use(identityBinding)
  const sink = { listener: undefined }
  void forwarding.reserve(admitted, sink)
  // @ts-expect-error an arrival has proven nothing
  void forwarding.reserve(arrival, sink)
  // @ts-expect-error nor has a request before the checks
  void forwarding.reserve(start, sink)
}

test('a list in a wrong order does not compile, nor does forwarding what has not been admitted', () => {
  expect(wouldNotCompile).toBeInstanceOf(Function)
})

test('what all checks prove has its place from the beginning: V8 makes no dictionary of the object that the whole path reads', () => {
  setFlagsFromString('--allow-natives-syntax')
  const isFast = new Function('one', 'return %HasFastProperties(one)') as (one: object) => boolean
  const { exchange, at, started, connection, method } = {} as Start
  const start = {
    ...{ exchange, at, started, connection, method },
    ...({ rawTarget: '', headers: new Map(), registry: undefined } as Partial<Start>),
  } as Start
  const evidence = beginEvidence(start) as unknown as Record<string, unknown>
  const names = Object.keys(beginEvidence({} as Start))
  for (const name of names) evidence[name] = {}
  expect(isFast(evidence)).toBe(true)
  // Without a place for each they are too many to be added; in an order that no object has had, of which V8 would know the shape.
  const grown: Record<string, unknown> = {}
  for (const name of names.toReversed()) grown[name] = {}
  expect(isFast(grown)).toBe(false)
})
