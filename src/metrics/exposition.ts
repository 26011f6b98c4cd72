/** The two formats a scrape can have. */
export type Exposition = 'text' | 'openmetrics'

/** The format an Accept header prefers (RFC 9110, 12.5.1): OpenMetrics only where it is named, in a version that we print, and no text type weighs more. */
export function expositionOf(accept = ''): Exposition {
  let text = 0
  let openMetrics = 0
  for (const range of accept.toLowerCase().split(',')) {
    const [type, ...parameters] = range.split(';').map((part) => part.trim())
    const weight = weightOf(parameters)
    if (type === 'text/plain' || type === 'text/*' || type === '*/*') text = Math.max(text, weight)
    else if (type === 'application/openmetrics-text' && isPrinted(parameters)) openMetrics = Math.max(openMetrics, weight)
  }
  return openMetrics > 0 && openMetrics >= text ? 'openmetrics' : 'text'
}

function weightOf(parameters: readonly string[]): number {
  const weight = parameters.find((parameter) => parameter.startsWith('q='))?.slice(2)
  if (weight === undefined) return 1
  return /^(0(\.\d{0,3})?|1(\.0{0,3})?)$/.test(weight) ? Number(weight) : 0
}

function isPrinted(parameters: readonly string[]): boolean {
  const version = parameters.find((parameter) => parameter.startsWith('version='))?.slice('version='.length)
  return version === undefined || version === '1.0.0'
}
