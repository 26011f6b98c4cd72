import { readFile, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { runProgram } from '../support/outside-program.ts'
import type { ScanTarget } from './scan-target.ts'

/** Protocols, suites, forward secrecy, preferences, certificate, headers, known attacks. Simulated clients are left out: they judge nothing. */
const parts = ['-p', '-s', '-f', '-P', '-S', '-h', '-U']
/** No finding, by testssl's own account. */
const harmless = new Set(['OK', 'INFO', 'DEBUG'])
/** Of the scanner's own OpenSSL, not of whom it scans. */
const aboutTheScanner = new Set(['engine_problem'])
/** Fewer than this, and it has not scanned. */
const fewest = 80

interface Entry {
  readonly id: string
  readonly severity: string
  readonly finding: string
}

/** What testssl.sh says of a test that its own client did not finish in time, as on a busy machine: it has found nothing out. */
const unfinished = /WARN: check failed because of connect problem$/
/** So often it is asked again; what it then still could not test is a finding. */
const mostScans = 3

/** Scans the proxy with testssl.sh, which asks nobody else. Gives its findings, what it could not test (WARN) among them. Rejects where it did not scan. */
export async function testssl(program: string, target: ScanTarget): Promise<readonly string[]> {
  let found = await scanOnce(program, target)
  for (let scans = 1; scans < mostScans && found.some((one) => unfinished.test(one)); scans++) found = await scanOnce(program, target)
  return found
}

async function scanOnce(program: string, { world, folder }: ScanTarget): Promise<readonly string[]> {
  const json = join(folder, 'testssl.json')
  // It does not write over what is there.
  await rm(json, { force: true })
  const fixed = ['--quiet', '--warnings', 'off', '--color', '0', '--nodns', 'none', '--ip', '127.0.0.1']
  const { out, error } = await runProgram(
    program,
    [...fixed, '--add-ca', join(folder, 'ca.pem'), '--jsonfile', json, ...parts, `https://localhost:${world.proxy.dataPort}`],
    { cwd: folder },
  )
  const entries = JSON.parse(await readFile(json, 'utf8').catch(() => '[]')) as readonly Entry[]
  if (entries.length < fewest) throw new Error(`testssl.sh told ${entries.length} things, and said:\n${out.toString('utf8')}\n${error}`)
  return entries
    .filter(({ id, severity }) => !harmless.has(severity) && !aboutTheScanner.has(id))
    .map(({ id, severity, finding }) => `testssl ${id} ${severity}: ${finding}`)
}
