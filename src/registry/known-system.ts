import type { AccreditedSystem } from '../spine/accredited-system.ts'
import { findString, type StringTable } from './string-table.ts'

/** The names of a system as numbers of a directory's strings; -1 for one that the directory does not have. */
export interface SystemNumbers {
  readonly asid: number
  readonly odsCode: number
  readonly partyKey: number
}

/**
 * A system as a packed directory gives it out. It remembers the numbers of its names there: the next look-ups go by them, and in a large directory
 * each search for a name costs three reads of memory that no cache holds.
 */
export class KnownSystem implements AccreditedSystem {
  readonly asid: string
  readonly odsCode: string
  readonly partyKey: string
  readonly interactions: ReadonlySet<string>
  declare readonly manufacturer?: string
  declare readonly productName?: string
  readonly #strings: StringTable
  readonly #numbers: SystemNumbers

  /** `numbers` are those of its names in `strings`. */
  constructor(record: AccreditedSystem, strings: StringTable, numbers: SystemNumbers) {
    this.asid = record.asid
    this.odsCode = record.odsCode
    this.partyKey = record.partyKey
    this.interactions = record.interactions
    if (record.manufacturer !== undefined) this.manufacturer = record.manufacturer
    if (record.productName !== undefined) this.productName = record.productName
    this.#strings = strings
    this.#numbers = numbers
  }

  /** The numbers of any system's names in these strings: remembered where it was given out with them, else searched for. */
  static numbersIn(strings: StringTable, system: AccreditedSystem): SystemNumbers {
    if (#strings in system && system.#strings === strings) return system.#numbers
    const { asid, odsCode, partyKey } = system
    return { asid: findString(strings, asid), odsCode: findString(strings, odsCode), partyKey: findString(strings, partyKey) }
  }
}
