import type { Readiness } from './ops-parts.ts'

/** Readiness as Kubernetes prints it: `ok`, or with `verbose` and whenever not ready, one line for each item. Control characters are shown as spaces. */
export function readinessPage({ ready, items, warnings, observed }: Readiness, verbose: boolean): string {
  if (ready && !verbose) return 'ok\n'
  const lines = items.map(
    ({ name, ok, detail }) => `[${ok ? '+' : '-'}]${name} ${ok ? 'ok' : 'failed'}${verbose && detail !== '' ? `: ${detail}` : ''}`,
  )
  if (verbose) {
    for (const check of observed) lines.push(`[~]${check} is only observed`)
    for (const warning of warnings) lines.push(`[!]warning: ${warning}`)
  }
  lines.push(ready ? 'readyz check passed' : 'readyz check failed')
  return lines.map((line) => `${line.replace(/[\p{Cc}\p{Zl}\p{Zp}]+/gu, ' ')}\n`).join('')
}
