import { type DestinationStream, destination, type Logger, pino, stdTimeFunctions } from 'pino'
import pretty from 'pino-pretty'
import { z } from 'zod'

export type { Logger } from 'pino'

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
 * Makes the program's log: to stderr unless told otherwise, written before the call returns, no thread of its own, times as ISO 8601 in UTC, levels as words.
 * It is no audit trail and hides nothing, so nothing personal may be passed to it: no URL, query, header value, token or body.
 */
export function createLogger(settings: LoggingSettings, to?: DestinationStream): Logger {
  const options = {
    level: settings.level,
    timestamp: stdTimeFunctions.isoTime,
    formatters: { level: (level: string) => ({ level }) },
  }
  switch (settings.format) {
    case 'json':
      return pino(options, to ?? destination({ dest: stderr, sync: true }))
    case 'readable': {
      const colorize = to === undefined && process.stderr.isTTY === true
      return pino(options, pretty({ destination: to ?? stderr, sync: true, colorize, ignore: 'pid,hostname', translateTime: false }))
    }
  }
}
