import type { SystemNumbers } from './known-system.ts'
import { anybodyKey, asidKey, breadthBit, exactKey, odsKey, type PackedRules, prefixKey } from './packed-rules.ts'
import { findString, type StringTable } from './string-table.ts'
import { findTriple } from './triple-index.ts'

/** A rule that fits a call. The three numbers say how wide it is in each respect, 0 being the narrowest. */
interface FittingRule {
  readonly rule: number
  readonly from: number
  readonly to: number
  readonly pattern: number
}

/**
 * Decides by the rules in force at `at` (ms since 1970) that fit sender, receiver and interaction, whose patterns `patternsOf` gives.
 * The number of the deciding rule, or -1 where none fits.
 *
 * A side is narrowest as an ASID, wider as an ODS code, widest as `*`; an interaction is narrowest when exact, then the longer
 * prefix before the shorter. Rule A is *narrower* than B when it is as narrow in all three respects and narrower in at least one.
 * A rule counts unless a narrower one fits, too. Of those that count, a refusal wins: over an allowance of the same breadth, and
 * where neither of the two is narrower than the other (say, one names the sender, one the receiver).
 */
export function decideSharing(
  rules: PackedRules,
  from: SystemNumbers,
  to: SystemNumbers,
  patterns: readonly FittingPattern[],
  at: number,
): number {
  const senders = partyKeys(from)
  const receivers = partyKeys(to)
  const counting: FittingRule[] = []
  // From narrow to wide in every respect, so whatever overrides a rule has been met before it.
  for (let f = 0; f < 3; f++) {
    if (senders[f]! < 0) continue
    for (let t = 0; t < 3; t++) {
      // Most installations write their rules in two or three of the nine ways: the others are not even looked for.
      const named = receivers[t]! >= 0 && (rules.breadths & breadthBit(f, t)) !== 0
      const pair = named ? findTriple(rules.pairOf, senders[f]!, receivers[t]!, 0) : -1
      if (pair < 0) continue
      for (const [key, pattern] of patterns) {
        const group = findTriple(rules.groupOf, pair, key, 0)
        if (group < 0 || counting.some((other) => isNarrower(other, f, t, pattern))) continue
        const rule = firstInForce(rules, group, at)
        if (rule >= 0) counting.push({ rule, from: f, to: t, pattern })
      }
    }
  }
  const decisive = counting.find(({ rule }) => rules.allows[rule] === 0) ?? counting[0]
  return decisive?.rule ?? -1
}

function isNarrower(rule: FittingRule, from: number, to: number, pattern: number): boolean {
  const asNarrow = rule.from <= from && rule.to <= to && rule.pattern <= pattern
  return asNarrow && (rule.from < from || rule.to < to || rule.pattern < pattern)
}

/** Keys of ASID, ODS code and anybody; -1 where no rule can name it. */
function partyKeys({ asid, odsCode }: SystemNumbers): readonly [number, number, number] {
  return [asid < 0 ? -1 : asidKey(asid), odsCode < 0 ? -1 : odsKey(odsCode), anybodyKey]
}

/** The key of a pattern that fits an interaction, and its breadth: 0 for exact, then by missing length. */
export type FittingPattern = readonly [key: number, breadth: number]

/**
 * The patterns that fit an interaction, from narrow to wide; `interactions` are its names, the wire's and, where it differs, the
 * directory's. A name longer than any rule's fits by prefixes alone. The same for as long as the rules are.
 */
export function patternsOf(rules: PackedRules, strings: StringTable, interactions: readonly string[]): readonly FittingPattern[] {
  const keys: FittingPattern[] = []
  const longest = rules.prefixLengths[0] ?? 0
  for (const interaction of interactions) {
    const exact = findString(strings, interaction)
    if (exact >= 0) keys.push([exactKey(exact), 0])
  }
  for (const length of rules.prefixLengths)
    for (const interaction of interactions) {
      const prefix = interaction.length < length ? -1 : findString(strings, interaction, length)
      if (prefix >= 0) keys.push([prefixKey(prefix), longest - length + 1])
    }
  return keys
}

function firstInForce(rules: PackedRules, group: number, at: number): number {
  for (let n = rules.groups.starts[group]!; n < rules.groups.starts[group + 1]!; n++) {
    const rule = rules.groups.values[n]!
    if (rules.validity[rule * 2]! <= at && at < rules.validity[rule * 2 + 1]!) return rule
  }
  return -1
}
