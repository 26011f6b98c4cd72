import { availableParallelism } from 'node:os'
import { z } from 'zod'

/** How many processes take calls on this machine. */
export const workersSettings = z
  .union([z.literal('auto'), z.int().min(1).max(64)])
  .default(1)
  .describe(
    'Processes that take calls behind the one port: 1 is a single process that does everything; more are steered by a further one; `auto` is one for each processor.',
  )

/** The number that the setting means on this machine: at least 1. */
export function workersOf(setting: z.infer<typeof workersSettings>): number {
  return setting === 'auto' ? Math.max(1, availableParallelism()) : setting
}
