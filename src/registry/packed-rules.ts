import type { Interner } from './interner.ts'
import { type NumberLists, packLists, shareNumbers } from './number-lists.ts'
import type { InteractionPattern, SharingParty, SharingRule } from './sharing-rule.ts'
import { createTripleIndex, type TripleTable } from './triple-index.ts'
import { UnreadableFile } from './unreadable-file.ts'

/**
 * The data-sharing rules in shared arrays, found by (from, to, interaction pattern); text is held by number in the
 * directory's string table.
 */
export interface PackedRules {
  /** By rule: the number of its reference. */
  readonly references: Int32Array
  /** By rule: 1 allows, 0 denies. */
  readonly allows: Int32Array
  /** By rule: valid from and until, ms since 1970. */
  readonly validity: Float64Array
  /** (party key of from, party key of to, 0) → number of the pair: most pairs that a call could fit have no rules. */
  readonly pairOf: TripleTable
  /** `breadthBit` of each way in which any rule names its sender and its receiver. */
  readonly breadths: number
  /** (number of the pair, pattern key, 0) → number of a list in `groups`. */
  readonly groupOf: TripleTable
  /** Rules for exactly one from, to and pattern: refusals first, then in the file's order. */
  readonly groups: NumberLists
  /** The distinct lengths of prefix patterns, longest first. */
  readonly prefixLengths: Int32Array
}

/** A party as one number: three kinds that cannot be taken for each other. */
export const anybodyKey = 0
/** The key of a system by the number of its ASID. */
export const asidKey = (text: number): number => text * 2 + 1
/** The key of an organisation by the number of its ODS code. */
export const odsKey = (text: number): number => text * 2 + 2
/** The key of an interaction by its number. */
export const exactKey = (text: number): number => text * 2
/** The key of a prefix by its number. */
export const prefixKey = (text: number): number => text * 2 + 1

/** How widely a party is named: 0 as an ASID, 1 as an ODS code, 2 as anybody. */
const breadthOf = { asid: 0, ods: 1, anybody: 2 } as const
/** The bit of rules that name their sender and their receiver so widely. */
export const breadthBit = (from: number, to: number): number => 1 << (from * 3 + to)

/** Rules that differ in nothing but validity, effect and reference are looked through one by one. */
const groupLimit = 100

/**
 * Packs the rules, adding their text to the interner. Throws `UnreadableFile` when more than 100 rules name the same from,
 * to and interaction.
 */
export function packRules(rules: readonly SharingRule[], interner: Interner): PackedRules {
  const pairs = createTripleIndex()
  let pairCount = 0
  const index = createTripleIndex()
  const groups: number[][] = []
  const lengths = new Set<number>()
  let breadths = 0
  for (const [number, rule] of rules.entries()) {
    const from = partyKey(rule.from, interner)
    const to = partyKey(rule.to, interner)
    breadths |= breadthBit(breadthOf[rule.from.kind], breadthOf[rule.to.kind])
    let pair = pairs.get(from, to, 0)
    if (pair < 0) {
      pair = pairCount++
      pairs.set(from, to, 0, pair)
    }
    for (const pattern of rule.interactions) {
      if (pattern.kind === 'prefix') lengths.add(pattern.text.length)
      const key = patternKey(pattern, interner)
      let group = index.get(pair, key, 0)
      if (group < 0) {
        group = groups.push([]) - 1
        index.set(pair, key, 0, group)
      }
      const members = groups[group]!
      if (members.at(-1) === number) continue
      if (members.push(number) > groupLimit)
        throw new UnreadableFile(
          rule.place,
          `more than ${groupLimit} rules name the same from, to and interaction (${pattern.text}): remove those that have ended`,
        )
    }
  }
  const allows = (rule: number): number => (rules[rule]!.effect === 'allow' ? 1 : 0)
  for (const group of groups) group.sort((a, b) => allows(a) - allows(b) || a - b)
  const validity = new Float64Array(new SharedArrayBuffer(rules.length * 16))
  for (const [number, rule] of rules.entries()) validity.set([rule.validFrom, rule.validUntil], number * 2)
  return {
    references: shareNumbers(rules.map((rule) => interner.number(rule.reference))),
    allows: shareNumbers(rules.map((_, number) => allows(number))),
    validity,
    pairOf: pairs.table,
    breadths,
    groupOf: index.table,
    groups: packLists(groups.length, (n) => groups[n]),
    prefixLengths: shareNumbers([...lengths].sort((a, b) => b - a)),
  }
}

function partyKey(party: SharingParty, interner: Interner): number {
  switch (party.kind) {
    case 'anybody':
      return anybodyKey
    case 'asid':
      return asidKey(interner.number(party.asid))
    case 'ods':
      return odsKey(interner.number(party.odsCode))
  }
}

function patternKey(pattern: InteractionPattern, interner: Interner): number {
  const text = interner.number(pattern.text)
  return pattern.kind === 'exact' ? exactKey(text) : prefixKey(text)
}
