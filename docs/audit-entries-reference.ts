import { type EntryFields, type EntryKind, entryCatalogue } from '../src/audit/entry-catalogue.ts'
import { operations } from '../src/audit/operations.ts'

/** Every kind of entry and every act as Markdown tables, in the order of the code. */
export function auditEntriesReference(): string {
  const kinds = Object.entries(entryCatalogue).map(([name, kind]) => kindText(name, kind))
  const acts: readonly (readonly [string, { readonly summary: string; readonly detail: Readonly<Record<string, string>> }])[] =
    Object.entries(operations)
  const rows = acts.map(([act, { summary, detail }]) => [`\`${act}\``, summary, detailText(detail)])
  return [...kinds, `## Acts\n\n${table([['`act`', 'what it is', 'details'], ...rows])}`].join('\n\n')
}

function kindText(name: string, { version, summary, fields }: EntryKind): string {
  return `## \`${name}\`, version ${version}\n\n${summary}\n\n${table([['field', 'always', 'what it is'], ...rowsOf(fields, '', true)])}`
}

function rowsOf(fields: EntryFields, before: string, always: boolean): readonly (readonly string[])[] {
  return Object.entries(fields).flatMap(([name, { meaning, sometimes, within, many }]) => {
    const here = always && sometimes !== true
    const path = `${before}${name}${many ? '[]' : ''}`
    return [[`\`${path}\``, here ? 'yes' : '', meaning], ...(within === undefined ? [] : rowsOf(within, `${path}.`, here))]
  })
}

function detailText(detail: Readonly<Record<string, string>>): string {
  return Object.entries(detail)
    .map(([name, meaning]) => (name === '…' ? meaning : `\`${name}\`: ${meaning}`))
    .join('; ')
}

function table([head = [], ...rows]: readonly (readonly string[])[]): string {
  return [head, head.map(() => '---'), ...rows].map((cells) => `| ${cells.join(' | ')} |`).join('\n')
}
