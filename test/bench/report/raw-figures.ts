import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Spread } from '../statistics.ts'

/** What the targets are read from, in the shapes that the benchmark writes; a figure that is missing is one that was not measured. */
export interface RawFigures {
  readonly summaries?: readonly {
    readonly subjects: readonly { readonly name: string; readonly cpu: Spread }[]
    readonly ratios: readonly (Spread & { readonly to: string })[]
    readonly rounds: readonly (readonly { readonly subject: string; readonly shares?: readonly number[] }[])[]
  }[]
  readonly measured?: readonly {
    readonly kind?: string
    readonly share?: number
    readonly subject: string
    readonly ratio?: Spread
    readonly added?: Readonly<Record<string, Spread>>
  }[]
  readonly rows?: readonly { readonly connections: number; readonly proxy: number; readonly bare: number }[]
  readonly kinds?: readonly { readonly name: string; readonly difference: Spread }[]
  readonly moved?: Spread
}

/** Reads a measurement's file in a folder of raw figures; undefined where there is none. Throws where it is no JSON. */
export function rawFigures(folder: string, name: string): RawFigures | undefined {
  let text: string
  try {
    text = readFileSync(join(folder, `${name}.json`), 'utf8')
  } catch {
    return undefined
  }
  try {
    return JSON.parse(text) as RawFigures
  } catch (error) {
    throw new Error(`${name}.json: ${error instanceof Error ? error.message : 'unknown'}`)
  }
}
