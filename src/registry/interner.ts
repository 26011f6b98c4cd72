import { type NumberLists, packLists } from './number-lists.ts'
import { packStrings, type StringTable } from './string-table.ts'

/** Gives every distinct string, and every distinct set of strings, a number. */
export interface Interner {
  /** The string's number, new or known. */
  number(text: string): number
  /** -1 for no string. */
  optional(text: string | undefined): number
  /** The string with that number. */
  text(number: number): string
  /** The number of the set of these strings, in whatever order; `repeats` when one of them stood twice. */
  set(texts: readonly string[]): { readonly number: number; readonly repeats: boolean }
  pack(): { readonly strings: StringTable; readonly interactionSets: NumberLists }
}

/** An interner that knows no string yet. */
export function createInterner(): Interner {
  const strings: string[] = []
  const numbers = new Map<string, number>()
  const sets: Int32Array[] = []
  const setNumbers = new Map<string, number>()

  function number(text: string): number {
    const known = numbers.get(text)
    if (known !== undefined) return known
    // A piece of a longer string would keep the whole of it, here a chunk of a file, in memory.
    const own = Buffer.from(text, 'utf8').toString('utf8')
    numbers.set(own, strings.length)
    return strings.push(own) - 1
  }

  return {
    number,
    optional: (text) => (text === undefined ? -1 : number(text)),
    text: (n) => strings[n] ?? '',
    set(texts) {
      const sorted = Int32Array.from(texts, number).sort()
      const members = sorted.filter((member, at) => at === 0 || member !== sorted[at - 1])
      const key = members.join(' ')
      let known = setNumbers.get(key)
      if (known === undefined) {
        known = sets.push(members) - 1
        setNumbers.set(key, known)
      }
      return { number: known, repeats: members.length !== sorted.length }
    },
    pack: () => ({ strings: packStrings(strings), interactionSets: packLists(sets.length, (n) => sets[n]) }),
  }
}
