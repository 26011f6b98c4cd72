import type { IndexedExchange } from './indexed.ts'

/** The columns that Spine's analytics read (contract, section 8.3). */
export const csvHeader = '_time,sspFrom,sspTo,SspTraceId,interaction,responseCode,duration,responseSize,responseErrorMessage,method'

/** An exchange as one line of that layout (RFC 4180), without its end; what is not known is empty. The duration is in seconds. */
export function csvLine(one: IndexedExchange): string {
  const failed = one.origin !== undefined && one.origin !== 'none'
  return [
    new Date(one.at).toISOString(),
    one.from,
    one.to,
    one.traceId,
    one.interaction,
    one.status,
    one.totalMs === undefined ? undefined : (one.totalMs / 1000).toFixed(3),
    one.responseBytes,
    failed ? (one.code ?? `${one.rule} (${one.origin})`) : undefined,
    one.method,
  ]
    .map(field)
    .join(',')
}

function field(value: string | number | undefined): string {
  if (value === undefined) return ''
  const text = String(value)
  // A refused caller chose its values: none may begin a formula where a spreadsheet opens the file.
  const harmless = typeof value === 'string' && /^[=+\-@\t\r]/.test(text) ? `'${text}` : text
  return /[",\r\n']/.test(harmless) ? `"${harmless.replaceAll('"', '""')}"` : harmless
}
