import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { startScript } from '../support/start-script.ts'

let folder: string

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'ssp-report-'))
})

afterEach(() => rmSync(folder, { recursive: true }))

test('npm run bench -- report keeps the raw figures of what it measures with the command that made them, and says which targets are reached', async () => {
  const { code, out, error } = await startScript('bench', ['report', '--trial', '--only', 'handshakes', '--out', folder]).ended
  expect(error).toContain('1 of 1, handshakes; 180 minutes left')
  expect(readdirSync(folder)).toEqual(['handshakes.json'])
  const figures = JSON.parse(readFileSync(join(folder, 'handshakes.json'), 'utf8')) as Record<string, unknown>
  expect(figures['command']).toBe('npm run bench -- handshakes --rounds 1 --handshakes 50 --json')
  expect(Object.keys(figures)).toEqual(expect.arrayContaining(['began', 'seconds', 'machine', 'measured']))
  expect(figures['machine']).toMatchObject({ stolen: expect.stringMatching(/^\d+\.\d %$/) })
  expect(out).toMatch(
    /^\| full handshakes in the same CPU time, beside `node:https` \| at least 0\.9 \| \d\.\d\d .* \| (?:reached|missed) \|$/m,
  )
  expect(out).toMatch(/\| not measured \|/)
  expect(code).toBe(0)
})

test('npm run bench -- report begins nothing that there is no time for, and says what is missing', async () => {
  const { code, out } = await startScript('bench', ['report', '--only', 'pace,idle', '--minutes', '0.000001', '--out', folder]).ended
  expect(out).toMatch(/\nNOT MEASURED pace: no time left\nNOT MEASURED idle: no time left\n$/)
  expect(readdirSync(folder)).toEqual([])
  expect(code).toBe(1)
})
