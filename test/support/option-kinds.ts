/** One thing that a program can be told on its command line. */
export interface ProgramOption<Value> {
  /** How its value stands in the usage, as N; a flag has none. */
  readonly shape: string | undefined
  readonly says: string
  /** What it is where nobody tells, and how the usage says so, where it does. */
  readonly otherwise: Value
  readonly otherwiseSaid: string | undefined
  /** What values it takes, behind "takes". */
  readonly takes: string
  /** The value of a text; undefined where it is none. */
  readonly read: (text: string) => Value | undefined
}

/** A whole number within bounds; `from` is 1 and `to` 2³¹ - 1 unless told otherwise. */
export function whole(says: string, bounds: Bounds & { readonly otherwise: number }): ProgramOption<number>
export function whole(says: string, bounds?: Bounds): ProgramOption<number | undefined>
export function whole(says: string, { from = 1, to = 2 ** 31 - 1, otherwise, otherwiseSaid }: NumberOption = {}): ProgramOption<unknown> {
  const takes = to === 2 ** 31 - 1 ? `a whole number from ${from}` : `a whole number from ${from} to ${to}`
  const isOne = (text: string): boolean => /^\d{1,10}$/.test(text) && Number(text) >= from && Number(text) <= to
  const read = (text: string): number | undefined => (isOne(text) ? Number(text) : undefined)
  return { shape: 'N', says, otherwise, otherwiseSaid: otherwiseSaid ?? otherwise?.toString(), takes, read }
}

/** A number above 0, with a decimal point or without; at most 100,000 unless told otherwise, so that no timer of it runs over. */
export function positive(says: string, value: { readonly otherwise: number; readonly to?: number }): ProgramOption<number>
export function positive(says: string, value?: { readonly otherwiseSaid?: string }): ProgramOption<number | undefined>
export function positive(says: string, { to = 100_000, otherwise, otherwiseSaid }: NumberOption = {}): ProgramOption<unknown> {
  const isOne = (text: string): boolean => /^\d{1,10}(?:\.\d{1,6})?$/.test(text) && Number(text) > 0 && Number(text) <= to
  const read = (text: string): number | undefined => (isOne(text) ? Number(text) : undefined)
  return {
    shape: 'N',
    says,
    otherwise,
    otherwiseSaid: otherwiseSaid ?? otherwise?.toString(),
    takes: `a number above 0, ${to} at most`,
    read,
  }
}

/** Where random numbers begin: the same seed brings the same numbers. The clock's, unless told otherwise. */
export function seed(): ProgramOption<number> {
  const says = 'where the random numbers begin, so that a run can be repeated'
  return whole(says, { from: 0, otherwise: Date.now() % 2 ** 31, otherwiseSaid: "the clock's" })
}

/** Given or not. */
export function flag(says: string): ProgramOption<boolean> {
  return { shape: undefined, says, otherwise: false, otherwiseSaid: undefined, takes: 'no value', read: () => true }
}

/** A text of any kind, as the name of a folder; `shape` is how it stands in the usage. */
export function text(shape: string, says: string): ProgramOption<string | undefined> {
  return {
    shape,
    says,
    otherwise: undefined,
    otherwiseSaid: undefined,
    takes: 'a value',
    read: (value) => (value === '' ? undefined : value),
  }
}

/** One of a few words. */
export function oneOf<Word extends string>(words: readonly Word[], says: string): ProgramOption<Word | undefined> {
  const read = (value: string): Word | undefined => words.find((word) => word === value)
  return { shape: words.join('|'), says, otherwise: undefined, otherwiseSaid: undefined, takes: `one of ${words.join(', ')}`, read }
}

/** Some of a few words, with commas between them; all of them, or what `otherwiseSaid` says, unless told otherwise. */
export function someOf<Word extends string>(
  words: readonly Word[],
  says: string,
  otherwiseSaid = 'all',
): ProgramOption<readonly Word[] | undefined> {
  const read = (value: string): readonly Word[] | undefined => {
    const asked = value.split(',')
    return asked.every((one) => words.some((word) => word === one)) ? words.filter((word) => asked.includes(word)) : undefined
  }
  return { shape: 'A,B', says, otherwise: undefined, otherwiseSaid, takes: `some of ${words.join(', ')}, with commas between them`, read }
}

/** Whole numbers from 1 to a bound, with commas between them. */
export function wholes(says: string, otherwise: readonly number[], to: number): ProgramOption<readonly number[]> {
  const read = (value: string): readonly number[] | undefined => {
    const numbers = value.split(',').map((one) => (/^[1-9]\d{0,9}$/.test(one) ? Number(one) : Number.NaN))
    return numbers.every((one) => one <= to) ? numbers : undefined
  }
  return {
    shape: 'N,N',
    says,
    otherwise,
    otherwiseSaid: otherwise.join(','),
    takes: `whole numbers from 1 to ${to}, with commas between them`,
    read,
  }
}

interface Bounds {
  readonly from?: number
  readonly to?: number
  readonly otherwiseSaid?: string
}

type NumberOption = Bounds & { readonly otherwise?: number }
