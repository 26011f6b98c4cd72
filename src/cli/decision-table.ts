import type { DescribedCheck } from '../proxy/describe.ts'

/** The decision table as text for a terminal: a check's line, and its refusals indented under it. */
export function decisionTableText(checks: readonly DescribedCheck[]): string {
  const nameWidth = Math.max(0, ...checks.map(({ name }) => name.length))
  const codeWidth = Math.max(0, ...checks.flatMap(({ refusals }) => refusals.map(({ code }) => code.length)))
  const lines = ['The checks in their order; the first that refuses decides.', '']
  checks.forEach(({ name, summary, modes, refusals }, index) => {
    lines.push(`${String(index + 1).padStart(3)}  ${name.padEnd(nameWidth)}  ${summary} ${modesText(modes)}`.trimEnd())
    for (const { status, code, text } of refusals) lines.push(`       ${status}  ${code.padEnd(codeWidth)}  ${text}`)
  })
  return `${lines.join('\n')}\n`
}

/** The decision table as a GitHub-flavoured Markdown table, as the documentation embeds it. */
export function decisionTableMarkdown(checks: readonly DescribedCheck[]): string {
  const rows = checks.map(({ name, summary, modes, refusals }, index) => {
    const answers = refusals.map(({ status, code, text }) => `${status} \`${code}\`: \`${text}\``).join('<br>')
    return [String(index + 1), `\`${name}\``, summary, modes.join(', '), answers]
  })
  const table = [['#', 'check', 'true of a request that passed', 'modes', 'refusals'], ['--:', '---', '---', '---', '---'], ...rows]
  return `${table.map((cells) => `| ${cells.map(cellText).join(' | ')} |`).join('\n')}\n`
}

function modesText(modes: readonly string[]): string {
  return modes.length > 1 ? `[${modes.join(' or ')}]` : ''
}

function cellText(text: string): string {
  return text.replaceAll('|', '\\|').replaceAll('\n', ' ')
}
