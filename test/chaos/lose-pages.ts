import { readFileSync, truncateSync, writeFileSync } from 'node:fs'
import { segmentsOf } from '../support/audit-log-text.ts'

/**
 * Does to the end of a log what a power cut does to bytes that no disk has confirmed: they are gone, or cut anywhere, or were zeros. Whatever
 * was written together with the record `confirmed` was confirmed, too, and stays.
 */
export function losePages(directory: string, confirmed: number, random: (below: number) => number): void {
  const path = segmentsOf(directory).at(-1)
  if (path === undefined) return
  const text = readFileSync(path, 'latin1')
  const lines = text.split('\n').map((line) => `${line}\n`)
  let end = 0
  let group = -1
  let kept = 0
  for (const line of lines.slice(0, -1)) {
    end += line.length
    const record = /^\{"i":([0-9]+),"g":([0-9]+),/.exec(line)
    if (record === null) kept = end
    else {
      const [index, ofGroup] = [Number(record[1]), Number(record[2])]
      if (index <= confirmed) group = ofGroup
      if (index <= confirmed || ofGroup <= group) kept = end
    }
  }
  const from = kept + random(text.length - kept + 1)
  if (random(2) === 0) truncateSync(path, from)
  else writeFileSync(path, text.slice(0, from) + '\0'.repeat(text.length - from), 'latin1')
}
