import { fstatSync } from 'node:fs'
import { hostname } from 'node:os'
import { type DestinationStream, destination, type Logger, type LoggerOptions, pino, stdTimeFunctions } from 'pino'
import pretty from 'pino-pretty'
import { z } from 'zod'
import { type Lines, unwaitingLines } from './unwaiting-lines.ts'

export type { Logger } from 'pino'

/** A log whose settings can change while it is written. */
export interface Log {
  readonly logger: Logger
  /** Goes by these from the next message on */
  follow(settings: LoggingSettings): void
}

/** How much the program says about itself on stderr, and in what form. */
export const loggingSettings = z.strictObject({
  level: z
    .enum(['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'])
    .default('info')
    .describe('The least serious message that is written.'),
  format: z.enum(['json', 'readable']).default('json').describe('`json` is one object a line, for collectors; `readable` is for people.'),
})

/** Settings of the program's log. */
export type LoggingSettings = z.infer<typeof loggingSettings>

const stderr = 2

/**
 * Opens the program's log: to stderr unless told otherwise, written before the call returns, no thread of its own, times as ISO 8601 in UTC, levels as words.
 * As JSON into a pipe or socket it waits for no reader: what one does not read in time is dropped, and a line says how much.
 * It is no audit trail and hides nothing, so nothing personal may be passed to it: no URL, query, header value, token or body. `always` stands in each message.
 */
export function openLog(settings: LoggingSettings, always: Readonly<Record<string, string>> = {}, to?: DestinationStream): Log {
  const destinations = new Map<LoggingSettings['format'], DestinationStream>()
  let { format } = settings
  const stream: DestinationStream = {
    write(line) {
      const known = destinations.get(format) ?? destinationOf(format, to)
      destinations.set(format, known)
      known.write(line)
    },
  }
  const options: LoggerOptions = {
    base: { pid: process.pid, hostname: hostname(), ...always },
    level: settings.level,
    timestamp: stdTimeFunctions.isoTime,
    formatters: { level: (level: string) => ({ level }) },
  }
  const logger = pino(options, stream)
  return {
    logger,
    follow(next) {
      format = next.format
      logger.level = next.level
    },
  }
}

function destinationOf(format: LoggingSettings['format'], to: DestinationStream | undefined): DestinationStream {
  switch (format) {
    case 'json':
      return to ?? toStderr()
    case 'readable': {
      const colorize = to === undefined && process.stderr.isTTY === true
      return pretty({ destination: to ?? stderr, sync: true, colorize, ignore: 'pid,hostname', translateTime: false })
    }
  }
}

let collected: Lines | undefined

/** A write to a pipe that nobody empties would stop the process, and every call with it; files and terminals take what comes. */
function toStderr(): DestinationStream {
  const kind = fstatSync(stderr)
  if (!kind.isFIFO() && !kind.isSocket()) return destination({ dest: stderr, sync: true })
  collected ??= unwaitingLines(process.stderr, (dropped) => {
    const msg = 'lines of this log are missing here, because whoever reads it did not keep up'
    return `${JSON.stringify({ level: 'warn', time: new Date().toISOString(), pid: process.pid, hostname: hostname(), dropped, msg })}\n`
  })
  return collected
}
