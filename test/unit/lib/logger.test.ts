import { PassThrough } from 'node:stream'
import { type Logger, loggingSettings, openLog } from '../../../src/lib/logger.ts'

function written(settings: Parameters<typeof openLog>[0], say: (log: Logger) => void): string {
  const lines: string[] = []
  say(openLog(settings, {}, { write: (line) => void lines.push(line) }).logger)
  return lines.join('')
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

  test('goes by another level and another form from the next message on', async () => {
    const to = new PassThrough({ encoding: 'utf8' })
    const { logger, follow } = openLog({ level: 'error', format: 'json' }, { worker: 'w1' }, to)
    logger.info('before')
    follow({ level: 'info', format: 'json' })
    logger.info('after')
    follow({ level: 'info', format: 'readable' })
    logger.info('for people')
    let text = ''
    for await (const piece of to) {
      text += piece
      if (text.includes('for people')) break
    }
    const [first = '', ...rest] = text.split('\n')
    expect(JSON.parse(first)).toMatchObject({ msg: 'after', worker: 'w1' })
    expect(rest.join('\n')).toMatch(/^[^{]*INFO[^{]*for people/)
  })
})
