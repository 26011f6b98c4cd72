import type { Readiness } from './ops-parts.ts'

/** Readiness as Kubernetes prints it: `ok`, or with `verbose` and whenever not ready or degraded, one line for each item. Control characters are shown as spaces. */
export function readinessPage({ ready, items, degraded, warnings, observed }: Readiness, verbose: boolean): string {
  if (ready && degraded.length === 0 && !verbose) return 'ok\n'
  const lines = items.map(
    ({ name, ok, detail }) => `[${ok ? '+' : '-'}]${name} ${ok ? 'ok' : 'failed'}${verbose && detail !== '' ? `: ${detail}` : ''}`,
  )
  for (const part of degraded) lines.push(`[~]degraded: ${part}`)
  if (verbose) {
    for (const check of observed) lines.push(`[~]${check} is only observed`)
    for (const warning of warnings) lines.push(`[!]warning: ${warning}`)
  }
  lines.push(ready ? `readyz check passed${degraded.length === 0 ? '' : ', degraded'}` : 'readyz check failed')
  return lines.map((line) => `${line.replace(/[\p{Cc}\p{Zl}\p{Zp}]+/gu, ' ')}\n`).join('')
}
