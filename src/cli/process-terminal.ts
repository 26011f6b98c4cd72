import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import type { Terminal } from './terminal.ts'

/** The terminal of this process. A reader of stdout that goes away early, as `head` does, ends the process quietly. */
export function processTerminal(): Terminal {
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') process.stderr.write(`stdout cannot be written: ${error.message}\n`)
    process.exit(error.code === 'EPIPE' ? 0 : 1)
  })
  return {
    out: (text) => process.stdout.write(text),
    caughtUp: async () => (process.stdout.writableNeedDrain ? await once(process.stdout, 'drain') : undefined),
    error: (text) => process.stderr.write(text),
    environment: process.env,
    workingDirectory: process.cwd(),
    packageDirectory: fileURLToPath(new URL('../..', import.meta.url)),
  }
}
