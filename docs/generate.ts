/** `npm run docs`: writes the parts of the documentation that are made from the code. A test compares them with what stands there. */
import { readFile, writeFile } from 'node:fs/promises'
import { jsonSchema } from '../src/app/load-config.ts'
import { decisionTableMarkdown } from '../src/cli/decision-table.ts'
import { describeAdmission } from '../src/proxy/describe.ts'
import { auditEntriesReference } from './audit-entries-reference.ts'
import { commandReference } from './command-reference.ts'
import { metricsReference } from './metrics-reference.ts'
import { reloadReference } from './reload-reference.ts'
import { settingsReference } from './settings-reference.ts'
import { verdictReference } from './verdict-reference.ts'

const begin = '<!-- made from the code by `npm run docs`: begin -->'
const end = '<!-- made from the code by `npm run docs`: end -->'

/** The pages that hold a part made from the code, and how it is made. */
export const generatedParts: Readonly<Record<string, () => string | Promise<string>>> = {
  'decision-table.md': () => decisionTableMarkdown(describeAdmission().checks),
  'settings.md': () => settingsReference(jsonSchema()),
  'metrics.md': metricsReference,
  'commands.md': commandReference,
  'verdicts.md': verdictReference,
  'audit-entries.md': auditEntriesReference,
  'operating.md': reloadReference,
}

/** A page with that part in the place of the one between its markers. Throws where it has no markers. */
export function withPart(page: string, part: string): string {
  const [from, to] = [page.indexOf(begin), page.indexOf(end)]
  if (from < 0 || to < from) throw new Error(`the page has no markers: "${begin}" and "${end}"`)
  return `${page.slice(0, from)}${begin}\n\n${part.trim()}\n\n${page.slice(to)}`
}

/** The page as it is, and as the code would have it. */
export async function pageAndMade(name: string): Promise<{ readonly page: string; readonly made: string }> {
  const page = await readFile(new URL(name, import.meta.url), 'utf8')
  const part = await generatedParts[name]?.()
  if (part === undefined) throw new Error(`no part of ${name} is made from the code`)
  return { page, made: withPart(page, part) }
}

if (import.meta.main) {
  for (const name of Object.keys(generatedParts)) {
    const { page, made } = await pageAndMade(name)
    if (page !== made) await writeFile(new URL(name, import.meta.url), made)
    process.stdout.write(`${page === made ? 'as it was' : 'written  '}  docs/${name}\n`)
  }
}
