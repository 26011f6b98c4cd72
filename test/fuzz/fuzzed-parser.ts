/** A reader of hostile bytes in this process. */
export interface FuzzedParser {
  readonly name: string
  readonly samples: readonly Buffer[]
  readonly dictionary: readonly Buffer[]
  /** Reads the bytes. What they are refused with must be told by `expected`; anything else that is thrown is a fault. */
  readonly run: (bytes: Buffer) => unknown
  readonly expected?: (error: unknown) => boolean
  /** How many cases of the fast parsers one case of this one stands for: those that write files are slow. */
  readonly weight: number
}

/** Texts as bytes, a byte for each character. */
export const latin1 = (texts: readonly string[]): Buffer[] => texts.map((text) => Buffer.from(text, 'latin1'))

/** Words of JSON. */
export const jsonWords = latin1([
  '{',
  '}',
  '[',
  ']',
  '"',
  ',',
  ':',
  '\\',
  '\\u0061',
  '\\ud800',
  '__proto__',
  'constructor',
  'null',
  'true',
  '1e999',
  '-0',
  '[[[[[[[[[[',
  '{"a":',
  '\xef\xbb\xbf',
  '\xff',
])
