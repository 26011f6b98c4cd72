/** How an error body is written. */
export type Representation = 'json' | 'xml'

/**
 * Which representation an error body has: `_format`, then `Accept`, then the request's `Content-Type`, then JSON.
 * Works on raw strings, so that it can answer for requests that nothing else could make sense of: `target` is the request target as it came,
 * in either form.
 */
export function negotiateRepresentation(target: string, accept: string | undefined, contentType: string | undefined): Representation {
  const asked = named(formatIn(target))
  if (asked !== undefined) return asked
  const accepted = accept === undefined ? [] : ranges(accept)
  const usual = named(contentType)
  return preferred(accepted) ?? firstOfTheRest(accepted, [usual, 'json', 'xml']) ?? usual ?? 'json'
}

const encodedTarget = /^\/https%3A/i
/** DSTU2's names of FHIR end so, whether the plus is raw, encoded, encoded twice or taken for a space. */
const mayNameDstu2 = /(?:\+| |2b)fhir/i

/**
 * The media type of an error body in this representation: DSTU2's name of it (`application/json+fhir`) where the first of `_format`, `Accept` and `Content-Type` that
 * names FHIR in this representation knows no other, else today's. A client of that age may take no other name for FHIR.
 */
export function mediaTypeOf(
  representation: Representation,
  target: string,
  accept: string | undefined,
  contentType: string | undefined,
): string {
  const today = `application/fhir+${representation}`
  if (![target, accept, contentType].some((text) => text !== undefined && mayNameDstu2.test(text))) return `${today};charset=utf-8`
  const dstu2 = `application/${representation}+fhir`
  const accepted = accept === undefined ? [] : ranges(accept).flatMap(({ type, quality }) => (quality > 0 ? [type] : []))
  const named = [[bare(formatIn(target))], accepted, [bare(contentType)]].find((types) => types.includes(today) || types.includes(dstu2))
  return `${named === undefined || named.includes(today) ? today : dstu2};charset=utf-8`
}

/** The value of `_format`, of a target in either form. */
function formatIn(target: string): string | undefined {
  const format = /[?&]_format=([^&]*)/.exec(encodedTarget.test(target) ? unescaped(target) : target)?.[1]
  return format && unescaped(format)
}

/** Whether some answer could satisfy the caller: FHIR and plain JSON and XML, wildcards, or nothing said. `anything` is for Binary. */
export function acceptable(query: string, accept: string | undefined, anything: boolean): boolean {
  if (anything) return true
  const format = /[?&]_format=([^&]*)/.exec(query)?.[1]
  if (format !== undefined) return named(unescaped(format)) !== undefined
  if (accept === undefined || accept.trim() === '') return true
  return ranges(accept).some((range) => range.quality > 0 && (wildcard(range.type) || named(range.type) !== undefined))
}

function wildcard(type: string): boolean {
  return type === '*/*' || type === 'application/*' || type === '*'
}

interface MediaRange {
  readonly type: string
  readonly quality: number
}

/** The header that was read last: those that follow each other are nearly always the same, and a refusal reads it twice. */
let lastAccept: { readonly accept: string; readonly ranges: readonly MediaRange[] } | undefined

function ranges(accept: string): readonly MediaRange[] {
  if (lastAccept?.accept !== accept) lastAccept = { accept, ranges: readRanges(accept) }
  return lastAccept.ranges
}

/** At most 64 ranges are looked at; more is nobody's preference. */
function readRanges(accept: string): readonly MediaRange[] {
  return accept
    .slice(0, 4096)
    .split(',', 64)
    .map((range) => {
      const [type = '', ...parameters] = range.split(';', 16)
      const quality = parameters.map((p) => /^\s*q\s*=\s*([01](?:\.[0-9]{0,3})?)\s*$/i.exec(p)?.[1]).find((q) => q !== undefined)
      return { type: type.trim().toLowerCase(), quality: quality === undefined ? 1 : Number(quality) }
    })
}

function preferred(accepted: readonly MediaRange[]): Representation | undefined {
  let best: { representation: Representation; quality: number } | undefined
  for (const range of accepted) {
    const representation = named(range.type)
    if (representation !== undefined && range.quality > 0 && range.quality > (best?.quality ?? 0))
      best = { representation, quality: range.quality }
  }
  return best?.representation
}

/** Where a wildcard takes whatever is not ruled out (`q=0`; RFC 9110, 12.4.2): the first of these that is not. */
function firstOfTheRest(accepted: readonly MediaRange[], wanted: readonly (Representation | undefined)[]): Representation | undefined {
  if (!accepted.some(({ type, quality }) => quality > 0 && wildcard(type))) return undefined
  const ruledOut = accepted.filter(({ quality }) => quality === 0).map(({ type }) => named(type))
  return wanted.find((one) => one !== undefined && !ruledOut.includes(one))
}

/** The representation that a media type or a `_format` value names, if it is one of ours. */
function named(type: string | undefined): Representation | undefined {
  switch (bare(type)) {
    case 'json':
    case 'text/json':
    case 'application/json':
    case 'application/fhir+json':
    case 'application/json+fhir':
      return 'json'
    case 'xml':
    case 'text/xml':
    case 'application/xml':
    case 'application/fhir+xml':
    case 'application/xml+fhir':
      return 'xml'
    default:
      return undefined
  }
}

/** A media type without its parameters. */
function bare(type: string | undefined): string | undefined {
  return type?.split(';', 1)[0]?.trim().toLowerCase()
}

/** `+` is left alone: FHIR clients send `application/fhir+json` unescaped. */
function unescaped(value: string): string {
  try {
    return decodeURIComponent(value)
  } catch {
    return value
  }
}

/** Whether a media type is FHIR JSON or XML of any generation, or plain JSON or XML. */
export function isFhirMediaType(contentType: string): boolean {
  return named(contentType) !== undefined && contentType.includes('/')
}
