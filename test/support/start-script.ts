import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { checkout, type Run } from './run-ssp.ts'

/** A program of package.json as it runs. */
export interface RunningScript {
  readonly child: ChildProcess
  /** What it has said on stderr so far. */
  said(): string
  readonly ended: Promise<Run>
}

/** Starts what `npm run NAME --` starts, without npm around it. */
export function startScript(name: string, args: readonly string[]): RunningScript {
  const { scripts } = JSON.parse(readFileSync(join(checkout, 'package.json'), 'utf8')) as {
    readonly scripts: Readonly<Record<string, string>>
  }
  const [node, ...words] = (scripts[name] ?? '').split(' ')
  if (node !== 'node') throw new Error(`the script ${name} of package.json is no program of Node`)
  const inherited = Object.fromEntries(Object.entries(process.env).filter(([key]) => !key.startsWith('SSP_') && key !== 'NODE_OPTIONS'))
  const child = spawn(process.execPath, [...words, ...args], { cwd: checkout, env: inherited, stdio: ['ignore', 'pipe', 'pipe'] })
  let said = ''
  child.stderr.setEncoding('utf8').on('data', (chunk: string) => {
    said += chunk
  })
  const ended = Promise.all([text(child.stdout), once(child, 'close') as Promise<[number | null]>]).then(([out, [code]]) => ({
    code,
    out,
    error: said,
  }))
  return { child, said: () => said, ended }
}
