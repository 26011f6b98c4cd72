// `npm run scan`: testssl.sh, sslscan and slowhttptest against proxies of its own. See its usage below.
import { notInstalled, readOptions } from '../support/command-line.ts'
import { findProgram } from '../support/outside-program.ts'
import { allowedFindings } from './allowed-findings.ts'
import { differences } from './findings.ts'
import { startScanTarget, type TlsProfile } from './scan-target.ts'
import { slowAttacks } from './slow-attacks.ts'
import { sslscan } from './sslscan.ts'
import { testssl } from './testssl.ts'

function say(text: string): void {
  process.stdout.write(`${text}\n`)
}

function programs() {
  const [tls = '', suites = '', slow = ''] = [
    findProgram('testssl') ?? findProgram('testssl.sh'),
    findProgram('sslscan'),
    findProgram('slowhttptest'),
  ]
  const missing = Object.entries({ 'testssl.sh': tls, sslscan: suites, slowhttptest: slow }).flatMap(([name, path]) =>
    path === '' ? [name] : [],
  )
  if (missing.length > 0) notInstalled(...missing)
  return { tls, suites, slow }
}

async function scanProfile(profile: TlsProfile, { tls, suites }: ReturnType<typeof programs>): Promise<readonly string[]> {
  const target = await startScanTarget(profile)
  try {
    const found = [...(await sslscan(suites, target)), ...(await testssl(tls, target))]
    for (const one of found) say(`${profile}: ${one}`)
    say(`${profile}: ${found.length} findings, of which ${Object.keys(allowedFindings[profile]).length} are expected`)
    return differences(found, allowedFindings[profile]).map((one) => `${profile}: ${one}`)
  } finally {
    await target.close()
  }
}

readOptions({
  command: 'npm run scan --',
  purpose:
    'Runs testssl.sh, sslscan and slowhttptest against proxies of its own on free ports, and holds what they find against the exact list of\n' +
    'test/scan/allowed-findings.ts: a new finding is a fault, and so is an allowed one that no longer occurs. Four minutes on two idle cores.',
  options: {},
  exits: { 0: 'nothing differs', 1: 'something does: the lines FAULT', 69: 'one of the three programs is not installed' },
})
const began = performance.now()
const installed = programs()
// Each scanner keeps one core busy.
const scanned = await Promise.all([scanProfile('spine', installed), scanProfile('modern', installed)])
const faults = [...scanned.flat(), ...(await slowAttacks(installed.slow, say))]
for (const fault of faults) say(`FAULT ${fault}`)
say(`${faults.length} faults, ${((performance.now() - began) / 1000).toFixed(0)} s`)
process.exitCode = faults.length === 0 ? 0 : 1
