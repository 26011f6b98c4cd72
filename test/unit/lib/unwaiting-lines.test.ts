import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { checkout } from '../../support/run-ssp.ts'
import { until } from '../../support/until.ts'

const lines = 20_000
const program = `
  import { openLog } from ${JSON.stringify(join(checkout, 'src/lib/logger.ts'))}
  const { logger } = openLog({ level: 'info', format: 'json' })
  for (let nth = 0; nth < ${lines}; nth++) logger.info({ nth, with: 'x'.repeat(200) }, 'said')
  process.stdout.write('not held up')
  process.stdin.on('data', () => logger.info('said again'))
`

interface Entry {
  readonly msg: string
  readonly nth?: number
  readonly dropped?: number
}

test('a program whose log nobody reads is not held up, and says how many lines are missing once it is read again', async () => {
  const child = spawn(process.execPath, ['--input-type=module', '--eval', program], { stdio: 'pipe' })
  try {
    await once(child.stdout, 'data')
    let read = ''
    child.stderr.on('data', (piece: Buffer) => {
      read += piece.toString()
    })
    await until('it is heard again', () => {
      child.stdin.write('.')
      return read.includes('said again') && read.endsWith('\n')
    })
    const entries = read
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as Entry)
    const first = entries.filter(({ msg }) => msg === 'said').map(({ nth }) => nth)
    expect(first).toEqual(first.map((_, nth) => nth))
    expect(first.length).toBeGreaterThan(1_000)
    const [gap, ...more] = entries.filter(({ dropped }) => dropped !== undefined)
    expect(gap).toMatchObject({ level: 'warn', msg: expect.stringContaining('missing') })
    expect(gap?.dropped).toBeGreaterThanOrEqual(lines - first.length)
    expect(more).toEqual([])
  } finally {
    child.kill('SIGKILL')
  }
})
