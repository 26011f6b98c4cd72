import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { targetLines, targetTable } from '../../bench/report/targets.ts'

const folders: string[] = []

afterEach(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true })
})

function folderOf(files: Readonly<Record<string, unknown>>): string {
  const folder = mkdtempSync(join(tmpdir(), 'ssp-figures-'))
  folders.push(folder)
  for (const [name, content] of Object.entries(files)) writeFileSync(join(folder, `${name}.json`), JSON.stringify(content))
  return folder
}

const around = (median: number) => ({ median, min: median * 0.9, max: median * 1.1 })

function small(cpu: number, ratios: Readonly<Record<string, number>>, shares: readonly number[]) {
  return {
    summaries: [
      {
        subjects: [{ name: 'this-proxy', cpu: around(cpu) }],
        ratios: Object.entries(ratios).map(([to, ratio]) => ({ to, ...around(ratio) })),
        rounds: [[{ subject: 'this-proxy', shares }, { subject: 'undici' }]],
      },
    ],
  }
}

const verdicts = (folder: string) =>
  Object.fromEntries(targetLines(folder).map(({ what, found, verdict }) => [what, `${verdict}${found && `: ${found}`}`]))

test('what was not measured is said to be so, not missed and not reached', () => {
  const lines = targetLines(folderOf({}))
  expect(lines.length).toBeGreaterThan(12)
  expect(new Set(lines.map(({ verdict }) => verdict))).toEqual(new Set(['not measured']))
})

test('ratios, the CPU of two processes beside one, and their shares are held against what is asked', () => {
  const found = verdicts(
    folderOf({
      'small-64-connections-1-workers': small(100, { undici: 1.2, 'http-proxy': 0.6, nginx: 4 }, []),
      'small-64-connections-2-workers': small(120, {}, [0.45, 0.55]),
    }),
  )
  const beside = 'CPU a call, small answers on 64 kept connections, beside'
  expect(found[`${beside} the bare undici pass-through`]).toBe('reached: 1.20 (1.08 to 1.32)')
  expect(found[`${beside} \`http-proxy\``]).toBe('missed: 0.60 (0.54 to 0.66)')
  expect(found[`${beside} plain nginx`]).toMatch(/^reached/)
  expect(found[`${beside} nginx doing the comparable job`]).toBe('not measured')
  expect(found['CPU a call with two processes, beside one']).toBe('missed: 1.20 (0.98 to 1.47)')
  expect(found['what each of two processes takes of their work']).toBe('reached: 45 % to 55 %')
})

test('handshakes, latency, memory, a gigabyte, refused calls and protection are held against what is asked', () => {
  const found = verdicts(
    folderOf({
      handshakes: { measured: [{ kind: 'full', subject: 'bare', ratio: around(0.85) }] },
      pace: { measured: [{ share: 0.5, subject: 'this proxy, everything on', added: { p50: around(1.4), p99: around(26) } }] },
      idle: { rows: [{ connections: 1000, proxy: 170 * 1_048_576, bare: 100 * 1_048_576 }] },
      gigabyte: { summaries: [{ subjects: [], ratios: [{ to: 'undici', ...around(1.3) }], rounds: [] }] },
      refused: {
        kinds: [
          { name: 'request form', difference: around(0.2) },
          { name: 'wire form', difference: around(0.4) },
        ],
      },
      protection: { moved: around(0.024) },
    }),
  )
  expect(found['full handshakes in the same CPU time, beside `node:https`']).toMatch(/^missed: 0\.85/)
  expect(found['full handshakes in the same CPU time, beside nginx']).toBe('not measured')
  expect(found['latency added at half of the capacity, p50']).toMatch(/^reached: 1\.4 .* ms$/)
  expect(found['latency added at half of the capacity, p99']).toMatch(/^missed: 26\.0 .* ms$/)
  expect(found['memory with 1,000 idle connections, beyond `node:https`']).toBe('reached: 70 MiB')
  expect(found['memory with 5,000 idle connections, beyond `node:https`']).toBe('not measured')
  expect(found['CPU of an answer of 1 GB, beside the bare undici pass-through']).toMatch(/^reached/)
  expect(found['CPU of a refused call beyond a bare answer, the kind that costs most']).toMatch(/^missed: wire form: 0\.40/)
  expect(found["how far a consumer's p95 moves under one that sends a hundred times its limit"]).toMatch(/^reached: 2 %/)
})

test('the table is Markdown, one row a target', () => {
  const lines = targetLines(folderOf({}))
  const rows = targetTable(lines).split('\n')
  expect(rows.slice(0, 2)).toEqual(['| what | asked | found | |', '|---|---|---|---|'])
  expect(rows).toHaveLength(2 + lines.length)
  expect(rows[2]).toMatch(/^\| CPU a call, .* \| at most 1\.25 \| – \| not measured \|$/)
})

test('a file that is no JSON is named', () => {
  const folder = folderOf({})
  writeFileSync(join(folder, 'idle.json'), '{')
  expect(() => targetLines(folder)).toThrow(/^idle\.json: /)
})
