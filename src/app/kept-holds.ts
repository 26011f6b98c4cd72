import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { z } from 'zod'
import { requirePrivate } from '../audit/private-modes.ts'
import { replaceFile } from '../lib/replace-file.ts'
import { StartRefused } from './start-refused.ts'

/** Circuits that operators hold, by host. */
export type Holds = ReadonlyMap<string, 'hold-open' | 'hold-closed'>

/** What operators hold outlives the process: `circuits.json` of the data directory, mode 0600. */
export interface KeptHolds {
  /** What was held when the file was last written; nothing where it is missing. Throws `StartRefused` where it cannot be read: a held provider would be called again. */
  read(): Holds
  /** Replaces the file as a whole, durably. Rejects with the system's error. */
  write(holds: Holds): Promise<void>
}

const content = z.strictObject({
  format: z.literal(1),
  holds: z.record(z.string().min(1).max(253), z.enum(['hold-open', 'hold-closed'])),
})

/** The holds of this data directory. */
export function keptHolds(dataDirectory: string): KeptHolds {
  const file = join(dataDirectory, 'circuits.json')
  return {
    read() {
      try {
        const text = readFileSync(file, 'utf8')
        requirePrivate(file)
        return new Map(Object.entries(content.parse(JSON.parse(text)).holds))
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code === 'ENOENT') return new Map()
        throw new StartRefused(
          `${file}: the circuits that operators hold cannot be read: ${(error as Error).message}. Repair it, or delete it to hold none.`,
        )
      }
    },
    write: (holds) => replaceFile(file, `${JSON.stringify({ format: 1, holds: Object.fromEntries(holds) }, null, 1)}\n`),
  }
}
