import type { CheckFinding } from '../explain/explain-call.ts'
import { endOfRefusal } from '../proxy/exchange-end.ts'
import type { Refusal } from '../spine/refusal.ts'
import { verdicts } from '../spine/verdict-catalogue.ts'
import type { AskedCall } from './plain-call.ts'
import { printable } from './printable.ts'

/** The refusal that the call would be answered with; undefined where it would be forwarded. */
export function refusalIn(findings: readonly CheckFinding[]): Refusal | undefined {
  for (const found of findings) if (found.outcome === 'refuses') return found.refusal
  return undefined
}

/** Of the checks that ask who is locked out. */
const onlyLive = 'passes here: who is locked out only a running proxy knows'

const marks = { passes: '✓', refuses: '✗', 'would-refuse': '!', undecided: '?' } as const

/** Each check with its outcome and what it went by, and what comes of the call, for a person. */
export function explanationText({ method, target }: AskedCall, findings: readonly CheckFinding[]): string {
  const width = Math.max(...findings.map(({ name }) => name.length))
  const lines = findings.flatMap((found) => {
    const [first = '', ...more] = detailOf(found)
    return [`  ${marks[found.outcome]} ${found.name.padEnd(width)}  ${first}`, ...more.map((line) => `    ${' '.repeat(width)}  ${line}`)]
  })
  return [`${method} ${target.split('?', 1)[0]}`, '', ...lines, '', ...conclusion(refusalIn(findings)), ''].map(printable).join('\n')
}

function detailOf(found: CheckFinding): readonly string[] {
  switch (found.outcome) {
    case 'passes':
      return found.facts.length > 0 ? found.facts : [found.name.startsWith('lockout') ? onlyLive : found.summary]
    case 'refuses':
      return [`refuses: ${found.refusal.status} ${found.refusal.code}`, ...found.refusal.reason.split('; ')]
    case 'would-refuse':
      return [`only observes, and would refuse: ${found.refusal.status} ${found.refusal.code}`, ...found.refusal.reason.split('; ')]
    case 'undecided':
      return [`cannot be decided: ${found.needs.join(', ')} would have to be proven above`]
  }
}

function conclusion(refusal: Refusal | undefined): readonly string[] {
  if (refusal === undefined)
    return ['The call would be forwarded: a place at the provider, and the provider’s own answer, are decided only when it is really made.']
  const { origin, rule, verdict, status } = endOfRefusal(refusal)
  const { expected, next, who } = verdicts[verdict]
  return [
    `The call would be answered ${status} by ${rule}.`,
    `  expected  ${expected}`,
    `  found     ${refusal.reason}`,
    `  next      ${who}: ${next}`,
    '',
    `Ssp-Verdict: origin=${origin}, rule="${rule}", code=${verdict}`,
  ]
}

/** The same for programs. */
export function explanationJson({ method, target }: AskedCall, findings: readonly CheckFinding[]): string {
  const refusal = refusalIn(findings)
  const checks = findings.map((found) => {
    const { name, outcome } = found
    if (found.outcome === 'passes') return { name, outcome, facts: found.facts }
    if (found.outcome === 'undecided') return { name, outcome, needs: found.needs }
    const { status, code, reason } = found.refusal
    return { name, outcome, status, code, reason }
  })
  const end = refusal === undefined ? undefined : endOfRefusal(refusal)
  return `${JSON.stringify({ method, target: target.split('?', 1)[0], checks, forwarded: refusal === undefined, ...(end && { answer: end }) }, null, 2)}\n`
}
