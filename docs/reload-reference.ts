import { atStartOnly } from '../src/app/at-start-only.ts'

/** The table of the settings that wait for the next start, as Markdown. */
export function reloadReference(): string {
  const rows = atStartOnly.map(({ setting, why }) => `| \`${setting}\` | ${why} |`)
  return ['| waits for the next start | because |', '|---|---|', ...rows].join('\n')
}
