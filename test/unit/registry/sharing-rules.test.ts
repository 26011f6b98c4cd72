import fc from 'fast-check'
import { judgeSharingRule } from '../../../src/registry/judge-sharing-rule.ts'
import type { Registry } from '../../../src/registry/registry.ts'
import type { AccreditedSystem } from '../../../src/spine/accredited-system.ts'
import { createRegistryFolder, type RegistryFolder } from '../../support/registry-folder.ts'
import { spell } from '../../support/registry-records.ts'

interface Rule {
  readonly reference: string
  readonly effect: 'allow' | 'deny'
  readonly from: '*' | { readonly asid: string } | { readonly ods: string }
  readonly to: '*' | { readonly asid: string } | { readonly ods: string }
  readonly interactions: readonly string[]
  readonly validFrom?: string
  readonly validUntil?: string
}

const systems = ['A', 'B'].flatMap((odsCode, n) =>
  [1, 2].map((k) => ({ asid: `${n}0000000000${k}`, odsCode, partyKey: `${odsCode}-100000`, interactions: [] })),
)
const sendersAndReceivers = systems.map((system): AccreditedSystem => ({ ...system, interactions: new Set() }))
const [a1, a2, b1] = [sendersAndReceivers[0]!, sendersAndReceivers[1]!, sendersAndReceivers[2]!]

describe('data-sharing rules', () => {
  let folder: RegistryFolder
  beforeAll(async () => {
    folder = await createRegistryFolder()
    await folder.write('systems.ndjson', spell('ndjson', systems, []))
  })
  afterAll(() => folder.remove())

  async function rules(...list: readonly Rule[]): Promise<Registry> {
    if (list.length === 0) return await folder.load(['systems.ndjson'])
    await folder.write('sharing.ndjson', list.map((rule) => JSON.stringify(rule)).join('\n'))
    return await folder.load(['systems.ndjson'], { sharingRules: 'sharing.ndjson' })
  }
  const rule = (reference: string, effect: 'allow' | 'deny', from: Rule['from'], to: Rule['to'], ...interactions: string[]): Rule => ({
    reference,
    effect,
    from,
    to,
    interactions,
  })

  test('refuse without a rule', async () => {
    expect((await rules()).sharing(a1, b1, 'urn:x:read', 0)).toEqual({ allowed: false, rule: 'default' })
  })

  test.each([
    ['sharing.ndjson', ''],
    ['sharing.ndjson', '\n \n'],
    ['sharing.yaml', 'rules:\n'],
    ['sharing.yaml', ''],
  ])('%s with %j is a file that is only just being written: the last good rules stay', async (name, text) => {
    await folder.write(name, text)
    const { message } = await folder.refusal(['systems.ndjson'], { sharingRules: name })
    expect(message).toMatch(text === '' && name.endsWith('.yaml') ? /must be a map/ : /holds no rule/)
  })

  test.each([
    ['ASID before ODS code', rule('wide', 'deny', { ods: 'A' }, '*', '*'), rule('narrow', 'allow', { asid: a1.asid }, '*', '*')],
    ['ODS code before anybody', rule('wide', 'allow', '*', '*', '*'), rule('narrow', 'deny', { ods: 'A' }, '*', '*')],
    ['the receiver likewise', rule('wide', 'deny', '*', { ods: 'B' }, '*'), rule('narrow', 'allow', '*', { asid: b1.asid }, '*')],
    ['exact before prefix', rule('wide', 'deny', '*', '*', 'urn:x:read*'), rule('narrow', 'allow', '*', '*', 'urn:x:read')],
    ['longer prefix before shorter', rule('wide', 'deny', '*', '*', 'urn:*'), rule('narrow', 'allow', '*', '*', 'urn:x:*')],
  ])('go by the narrower one: %s', async (_, wide, narrow) => {
    for (const list of [
      [wide, narrow],
      [narrow, wide],
    ] as const)
      expect((await rules(...list)).sharing(a1, b1, 'urn:x:read', 0)).toEqual({ allowed: narrow.effect === 'allow', rule: 'narrow' })
  })

  test('let a refusal win at the same breadth, and where neither rule is narrower', async () => {
    const allow = rule('allow', 'allow', { asid: a1.asid }, '*', '*')
    for (const deny of [
      rule('deny', 'deny', { asid: a1.asid }, '*', '*'),
      rule('deny', 'deny', '*', { ods: 'B' }, '*'),
      rule('deny', 'deny', '*', '*', 'urn:x:read'),
    ])
      expect((await rules(allow, deny)).sharing(a1, b1, 'urn:x:read', 0)).toEqual({ allowed: false, rule: 'deny' })
  })

  test('hold for the ASID, organisation and interaction they name, and no other', async () => {
    const registry = await rules(rule('R', 'allow', { asid: a1.asid }, { ods: 'B' }, 'urn:x:*'))
    expect(registry.sharing(a1, b1, 'urn:x:read', 0).allowed).toBe(true)
    expect(registry.sharing(a1, b1, 'urn:x:', 0).allowed).toBe(true)
    expect(registry.sharing(a2, b1, 'urn:x:read', 0).allowed).toBe(false)
    expect(registry.sharing(a1, a2, 'urn:x:read', 0).allowed).toBe(false)
    expect(registry.sharing(b1, a1, 'urn:x:read', 0).allowed).toBe(false)
    expect(registry.sharing(a1, b1, 'urn:x', 0).allowed).toBe(false)
    expect(registry.sharing(a1, b1, 'urn:X:read', 0).allowed).toBe(false)
  })

  test('do not take an ASID for an ODS code', async () => {
    const twisted = { ...a1, odsCode: '1' }
    const registry = await rules(rule('R', 'allow', { ods: '1' }, '*', '*'), rule('S', 'deny', { ods: 'A' }, '*', '*'))
    expect(registry.sharing({ ...a1, asid: '1' }, b1, 'x', 0).rule).toBe('S')
    expect(registry.sharing(twisted, b1, 'x', 0).rule).toBe('R')
  })

  test('hold from their first moment to the one before their last; outside of it the wider rule decides', async () => {
    const day = { ...rule('day', 'deny', { asid: a1.asid }, '*', '*'), validFrom: '2026-03-01', validUntil: '2026-03-31' }
    const registry = await rules(rule('always', 'allow', '*', '*', '*'), day)
    const at = (time: string): string => registry.sharing(a1, b1, 'x', Date.parse(time)).rule
    expect(at('2026-02-28T23:59:59.999Z')).toBe('always')
    expect(at('2026-03-01T00:00:00Z')).toBe('day')
    expect(at('2026-03-31T23:59:59.999Z')).toBe('day')
    expect(at('2026-04-01T00:00:00Z')).toBe('always')
  })

  test('are found by either name of an interaction that has two', async () => {
    const [wire, listed] = [
      'urn:nhs:names:services:nrl:DocumentReference.content.read',
      'urn:nhs:names:services:nrl:DocumentReference.content',
    ]
    for (const name of [wire, listed])
      expect((await rules(rule('R', 'allow', '*', '*', name))).sharing(a1, b1, wire, 0)).toEqual({ allowed: true, rule: 'R' })
  })

  test('decide as their definition does, whatever the rules', async () => {
    const party = fc.constantFrom<Rule['from']>('*', { asid: a1.asid }, { asid: b1.asid }, { ods: 'A' }, { ods: 'B' })
    const interactions = fc.uniqueArray(fc.constantFrom('*', 'u*', 'ur*', 'urn', 'urn*', 'x'), { minLength: 1, maxLength: 3 })
    const anyRule = fc.record({ effect: fc.constantFrom<'allow' | 'deny'>('allow', 'deny'), from: party, to: party, interactions })
    await fc.assert(
      fc.asyncProperty(fc.array(anyRule, { maxLength: 12 }), async (drafts) => {
        const list = drafts.map((draft, n): Rule => ({ reference: `R${n}`, ...draft }))
        const registry = await rules(...list)
        for (const [from, to] of [
          [a1, b1],
          [a2, a1],
          [b1, b1],
        ] as const)
          for (const interaction of ['urn', 'urx', 'x'])
            expect(registry.sharing(from, to, interaction, 0).allowed).toBe(byDefinition(list, from, to, interaction))
      }),
      { numRuns: 150 },
    )
  })

  test('are found as fast among a hundred thousand', async () => {
    const many = Array.from({ length: 100_000 }, (_, n) =>
      rule(`R${n}`, n % 2 === 0 ? 'allow' : 'deny', { asid: String(300_000_000_000 + n) }, { ods: 'B' }, 'urn:x:*'),
    )
    const registry = await rules(...many)
    expect(registry.counts.sharingRules).toBe(100_000)
    expect(registry.sharing({ ...a1, asid: '300000077776' }, b1, 'urn:x:read', 0)).toEqual({ allowed: true, rule: 'R77776' })
    expect(registry.sharing({ ...a1, asid: '300000077777' }, b1, 'urn:x:read', 0)).toEqual({ allowed: false, rule: 'R77777' })
  })

  test('are refused as a whole for a single faulty one, with its place', async () => {
    await folder.write(
      'bad.yaml',
      "rules:\n  - reference: A\n    effect: allow\n    from: '*'\n    to: '*'\n    interactions: ['*']\n  - reference: B\n    effect: maybe\n",
    )
    const refused = await folder.refusal(['systems.ndjson'], { sharingRules: 'bad.yaml' })
    expect(refused.message).toMatch(/bad\.yaml:7: effect must be allow or deny/)
    expect(refused.findings).toContainEqual({ severity: 'error', place: 'bad.yaml:7', record: '', message: 'effect must be allow or deny' })
  })

  test('that name one pair and interaction a hundred times and more are refused', async () => {
    const same = Array.from({ length: 101 }, (_, n) => rule(`R${n}`, 'allow', '*', '*', '*'))
    await expect(rules(...same)).rejects.toThrow(/sharing\.ndjson:101: more than 100 rules/)
  })
})

describe('a data-sharing rule', () => {
  const good = { reference: 'R', effect: 'allow', from: '*', to: new Map([['ods', 'B']]), interactions: ['urn:*'] }
  const judged = (changes: object) => judgeSharingRule(new Map(Object.entries({ ...good, ...changes })), 'f:1')

  test.each([
    [{ reference: '' }, 'reference'],
    [{ reference: 'default' }, 'default'],
    [{ effect: 'Allow' }, 'effect'],
    [{ from: new Map([['asid', '1']]) }, 'from'],
    [
      {
        from: new Map([
          ['asid', '200000000359'],
          ['ods', 'A'],
        ]),
      },
      'from',
    ],
    [{ to: 'B' }, 'to'],
    [{ to: undefined }, 'to'],
    [{ interactions: [] }, 'interactions'],
    [{ interactions: '*' }, 'interactions'],
    [{ interactions: ['u*n'] }, 'asterisk'],
    [{ interactions: ['urn:**'] }, 'asterisk'],
    [{ interactions: [''] }, 'interaction'],
    [{ validFrom: '2026-02-30' }, 'validFrom'],
    [{ validUntil: '2026-02-30T10:00:00Z' }, 'validUntil'],
    [{ validUntil: '2026-02-20T10:00:00' }, 'offset'],
    [{ validFrom: '2026-02-20', validUntil: '2026-02-19' }, 'later'],
    [{ priority: '1' }, '"priority" is no field'],
  ])('with %p is faulty', (changes, fault) => {
    const faults = judged(changes)
    expect(faults).toContainEqual(expect.stringContaining(fault))
  })

  test('with a map for the name of a field is told so', () => {
    const rule = new Map<unknown, unknown>([[{ toString: 0 }, 'x']])
    expect(judgeSharingRule(rule, 'f:1')).toContain('"a list or map" is no field of a rule')
  })

  test('is judged whatever it is', () => {
    fc.assert(
      fc.property(
        fc.anything({ withMap: true }),
        fc.dictionary(fc.constantFrom(...Object.keys(good), 'x'), fc.anything({ withMap: true })),
        (value, changes) => {
          judgeSharingRule(value, 'f:1')
          judged(changes)
        },
      ),
    )
  })
})

/** The definition in words, by comparing every rule with every other. */
function byDefinition(rules: readonly Rule[], from: AccreditedSystem, to: AccreditedSystem, interaction: string): boolean {
  const breadth = (party: Rule['from']): number => (party === '*' ? 2 : 'ods' in party ? 1 : 0)
  const fits = (party: Rule['from'], system: AccreditedSystem): boolean =>
    party === '*' || ('ods' in party ? party.ods === system.odsCode : party.asid === system.asid)
  const fitting = rules.flatMap((rule) =>
    rule.interactions.flatMap((text) => {
      const isPrefix = text.endsWith('*')
      if (!fits(rule.from, from) || !fits(rule.to, to)) return []
      if (isPrefix ? !interaction.startsWith(text.slice(0, -1)) : interaction !== text) return []
      return [{ effect: rule.effect, width: [breadth(rule.from), breadth(rule.to), isPrefix ? 1000 - text.length : 0] as const }]
    }),
  )
  const counting = fitting.filter(
    ({ width }) => !fitting.some((other) => other.width.every((n, i) => n <= width[i]!) && other.width.some((n, i) => n < width[i]!)),
  )
  return counting.length > 0 && counting.every(({ effect }) => effect === 'allow')
}
