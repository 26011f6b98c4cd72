import { join } from 'node:path'
import { ifThere } from './if-there.ts'
import { readKeyFile, replaceKeyFile } from './key-file.ts'

/** For how many milliseconds of running each month's key has been found due, from one start to the next. */
export interface DueTimes {
  /** Empty where nothing is known, or nothing that can be read: what is due then waits anew. */
  read(): ReadonlyMap<string, number>
  /** Keeps them as far as the disk lets it: what is lost is a few hours, of which the next look tells again. Never throws. */
  write(times: ReadonlyMap<string, number>): void
}

/** In `dataDirectory/keys/due.json`. Of several processes, which all find the same, the last one's times stay. */
export function openDueTimes(dataDirectory: string): DueTimes {
  const path = join(dataDirectory, 'keys', 'due.json')
  return {
    read() {
      try {
        const read: unknown = JSON.parse(ifThere(() => readKeyFile(path))?.toString('utf8') ?? '{}')
        const entries = Object.entries(read as Readonly<Record<string, unknown>>)
        return new Map(entries.flatMap(([period, time]) => (typeof time === 'number' && time >= 0 ? [[period, time] as const] : [])))
      } catch {
        return new Map()
      }
    },
    write(times) {
      try {
        replaceKeyFile(path, Buffer.from(`${JSON.stringify(Object.fromEntries(times))}\n`))
      } catch {
        // Said by readiness, which looks at the disk itself.
      }
    },
  }
}
