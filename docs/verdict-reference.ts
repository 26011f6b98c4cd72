import { catalogueVersion, verdicts } from '../src/spine/verdict-catalogue.ts'
import type { VerdictMeaning } from '../src/spine/verdict-meaning.ts'

/** Every verdict of the catalogue as a Markdown table, in the order of the code. */
export function verdictReference(): string {
  const entries: readonly (readonly [string, VerdictMeaning])[] = Object.entries(verdicts)
  const rows = entries.map(([code, { origin, expected, retry, who, next }]) => [`\`${code}\``, origin, expected, retry, who, next])
  const lines = [['verdict', 'whose doing', 'what was expected', 'retry', 'who acts', 'what to do next'], Array(6).fill('---'), ...rows]
  return `Version ${catalogueVersion} of the catalogue.\n\n${lines.map((cells) => `| ${cells.join(' | ')} |`).join('\n')}`
}
