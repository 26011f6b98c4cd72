/**
 * `npm test`: runs jest with the arguments given, shows what it prints, names what was skipped, and ends with one plain line,
 * `jest: N passed, N failed`, with `, N skipped` where any were. The exit code is 0 only where tests ran and none failed.
 *
 * Where `CI` is set, a file or two that failed beside all the others are run once more alone, and their second result counts; what then passes is
 * named as unsteady, to be looked into (docs/decisions/0054).
 */
import { spawn } from 'node:child_process'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'

/** The part of jest's report that is read here. */
interface Report {
  readonly numPassedTests: number
  readonly numFailedTests: number
  readonly numRuntimeErrorTestSuites: number
  readonly testResults: readonly TestFile[]
}

interface TestFile {
  readonly name: string
  /** `failed` too where the file could not even be run. */
  readonly status: string
  readonly assertionResults: readonly { readonly status: string; readonly fullName: string }[]
}

const checkout = fileURLToPath(new URL('..', import.meta.url))
const longestRun = 25 * 60_000
const graceBeforeKill = 5_000
/** More files than these fail for a reason that they share: they are not run again. */
const mostUnsteady = 2

async function main(): Promise<number> {
  const folder = await mkdtemp(join(tmpdir(), 'ssp-tests-'))
  const ends = performance.now() + longestRun
  try {
    const file = join(folder, 'report.json')
    const exit = await runJest(file, process.argv.slice(2), longestRun)
    const report = await readReport(file)
    if (report === undefined) {
      process.stdout.write(`\njest ended (${exit}) without a report of the tests\njest: 0 passed, 1 failed\n`)
      return 1
    }
    const again = process.env['CI'] === undefined ? undefined : await runAgain(report, join(folder, 'again.json'), ends - performance.now())
    return again === undefined ? summarise(report, exit) : summarise(again.report, again.exit, again.unsteady)
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

/** Runs the one or two files that failed again, alone. Undefined where there is none, more, or no time. The report is that of all the files. */
async function runAgain(
  first: Report,
  file: string,
  forMs: number,
): Promise<{ readonly report: Report; readonly exit: string; readonly unsteady: readonly string[] } | undefined> {
  const failed = first.testResults.filter(({ status }) => status === 'failed').map(({ name }) => name)
  if (failed.length === 0 || failed.length > mostUnsteady || forMs <= 0) return undefined
  process.stderr.write(`\nOnce more, alone:\n${failed.map((name) => `  ${relative(checkout, name)}\n`).join('')}\n`)
  const exit = await runJest(file, ['--runInBand', '--runTestsByPath', ...failed], forMs)
  const second = await readReport(file)
  if (second === undefined || second.testResults.length !== failed.length) return undefined
  const report: Report = {
    numPassedTests: first.numPassedTests - passedIn(first, failed) + second.numPassedTests,
    numFailedTests: second.numFailedTests,
    numRuntimeErrorTestSuites: second.numRuntimeErrorTestSuites,
    testResults: [...first.testResults.filter(({ name }) => !failed.includes(name)), ...second.testResults],
  }
  return { report, exit, unsteady: second.testResults.filter(({ status }) => status !== 'failed').map(({ name }) => name) }
}

function passedIn({ testResults }: Report, names: readonly string[]): number {
  const files = testResults.filter(({ name }) => names.includes(name))
  return files.flatMap(({ assertionResults }) => assertionResults).filter(({ status }) => status === 'passed').length
}

/** Runs jest in a group of its own, so that a run that hangs is ended with all that it started. */
async function runJest(reportFile: string, withArguments: readonly string[], forMs: number): Promise<string> {
  const jest = join(checkout, 'node_modules', 'jest', 'bin', 'jest.js')
  const options = ['--json', `--outputFile=${reportFile}`, ...withArguments]
  // What jest calls its report goes to the file, and again to stdout, where nobody wants it.
  const child = spawn(process.execPath, ['--experimental-vm-modules', '--disable-warning=ExperimentalWarning', jest, ...options], {
    cwd: checkout,
    stdio: ['ignore', 'ignore', 'inherit'],
    detached: true,
    // Hundreds of proxies and commands are started: each but the first reads its compiled sources, in half the CPU time.
    env: { NODE_COMPILE_CACHE: join(dirname(reportFile), 'compiled'), ...process.env },
  })
  const end = (signal: NodeJS.Signals): void => {
    if (child.pid === undefined) return
    try {
      process.kill(-child.pid, signal)
    } catch {
      // The group has ended already.
    }
  }
  let kill: NodeJS.Timeout | undefined
  const stop = (why: string): void => {
    process.stderr.write(`\n${why}\n`)
    end('SIGTERM')
    kill = setTimeout(() => end('SIGKILL'), graceBeforeKill)
  }
  const watchdog = setTimeout(() => stop(`The tests ran for ${longestRun / 60_000} minutes and are ended.`), forMs)
  const interrupted = (): void => stop('Interrupted.')
  process.once('SIGINT', interrupted).once('SIGTERM', interrupted)
  try {
    return await new Promise<string>((settle) => {
      child.once('error', (error) => settle(error.message))
      child.once('close', (code, signal) => settle(code === null ? String(signal) : `exit code ${code}`))
    })
  } finally {
    clearTimeout(watchdog)
    clearTimeout(kill)
    process.off('SIGINT', interrupted).off('SIGTERM', interrupted)
  }
}

async function readReport(file: string): Promise<Report | undefined> {
  try {
    return JSON.parse(await readFile(file, 'utf8')) as Report
  } catch {
    return undefined
  }
}

function summarise(report: Report, exit: string, unsteady: readonly string[] = []): number {
  const skipped = report.testResults.flatMap(({ name, assertionResults }) =>
    assertionResults
      .filter(({ status }) => status === 'pending' || status === 'skipped' || status === 'todo' || status === 'disabled')
      .map(({ fullName }) => `${relative(checkout, name)}: ${fullName}`),
  )
  const named = unsteady.map((name) => relative(checkout, name))
  // A file that could not even be run has no failed test of its own; nor has a run that went wrong for another reason.
  const counted = report.numFailedTests + report.numRuntimeErrorTestSuites
  const ran = report.numPassedTests + report.numFailedTests
  const lines = skipped.length === 0 ? [] : ['', `Skipped (${skipped.length}):`, ...skipped.map((name) => `  ${name}`), '']
  if (named.length > 0) lines.push('', 'Unsteady, failed beside the others and passed alone:', ...named.map((name) => `  ${name}`), '')
  if (ran === 0) lines.push('No test ran.')
  const broken = counted === 0 && ran > 0 && exit !== 'exit code 0'
  if (broken) lines.push(`jest ended with ${exit} although no test failed.`)
  const failed = broken ? 1 : counted
  lines.push(`jest: ${report.numPassedTests} passed, ${failed} failed${skipped.length === 0 ? '' : `, ${skipped.length} skipped`}`)
  process.stdout.write(`${lines.join('\n')}\n`)
  return failed === 0 && ran > 0 ? 0 : 1
}

process.exitCode = await main()
