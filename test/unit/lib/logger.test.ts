import { createLogger, loggingSettings } from '../../../src/lib/logger.ts'

function written(settings: Parameters<typeof createLogger>[0], say: (log: ReturnType<typeof createLogger>) => void): string {
  let text = ''
  say(createLogger(settings, { write: (line: string) => (text += line) } as { write(line: string): void }))
  return text
}

describe('the log', () => {
  test('is one JSON object a line, with the time in ISO 8601 and the level as a word', () => {
    const line = written({ level: 'info', format: 'json' }, (log) => log.info({ port: 8443 }, 'listening'))
    expect(line.endsWith('}\n')).toBe(true)
    expect(JSON.parse(line)).toMatchObject({ level: 'info', msg: 'listening', port: 8443, time: expect.stringMatching(/^\d{4}-.*Z$/) })
  })

  test('keeps what is less serious than its level', () => {
    expect(written({ level: 'warn', format: 'json' }, (log) => log.info('x'))).toBe('')
    expect(written({ level: 'silent', format: 'json' }, (log) => log.fatal('x'))).toBe('')
  })

  test('is JSON from info upwards unless told otherwise', () => {
    expect(loggingSettings.parse({})).toEqual({ level: 'info', format: 'json' })
  })
})
