// `npm run registry-scale`: the directory at national size. See its usage below.
import { mkdtemp, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Registry } from '../../src/registry/registry.ts'
import { registrySettings } from '../../src/registry/registry-settings.ts'
import { createRegistrySource } from '../../src/registry/registry-source.ts'
import type { AccreditedSystem } from '../../src/spine/accredited-system.ts'
import { interactions } from '../../src/spine/interaction-id.ts'
import { readOptions } from '../support/command-line.ts'
import { whole } from '../support/option-kinds.ts'
import { generateRegistry, records } from '../support/registry-generator.ts'
import { ndjsonEndpoint, ndjsonSystem } from '../support/registry-records.ts'

const { values } = readOptions({
  command: 'npm run registry-scale --',
  purpose:
    'Loads a directory of national size, and tells how long that takes, what it adds to memory, what a look-up costs beside a directory of ten records, and for how long\n' +
    'a reload keeps the event loop waiting. With `node --expose-gc test/bench/registry-scale.ts` memory is told after a collection.',
  options: {
    systems: whole('accredited systems; two and a half times as many endpoints, and as many rules', {
      from: 100,
      to: 10_000_000,
      otherwise: 100_000,
    }),
  },
  exits: { 0: 'it was measured' },
})
const size = { systems: values.systems, endpoints: Math.round(values.systems * 2.5), seed: 1 }
const ruleCount = values.systems
const wanted = [...interactions.keys()]

const folder = await mkdtemp(join(tmpdir(), 'registry-scale-'))
try {
  await writeRules(join(folder, 'rules.ndjson'))
  const smallAsids = await writeSmall(join(folder, 'small.ndjson'))
  const smallCost = lookupCost(await source('small.ndjson').load(), smallAsids)
  for (const format of ['ndjson', 'ldif'] as const) {
    await generateRegistry({ ...size, format }, join(folder, `large.${format}`))
    await measure(format, smallCost)
  }
} finally {
  await rm(folder, { recursive: true })
}

function source(file: string) {
  return createRegistrySource(registrySettings.parse({ files: [file], sharingRules: 'rules.ndjson' }), folder)
}

async function measure(format: string, smallCost: LookupCost): Promise<void> {
  const file = `large.${format}`
  const before = memory()
  let from = performance.now()
  const first = await source(file).load()
  const loadTime = performance.now() - from
  const after = memory()
  const stall = watchLoop()
  from = performance.now()
  const second = await source(file).load(first)
  const reloadTime = performance.now() - from
  const longest = stall()
  const asids = providerAsids()
  const cold = lookupCost(second, asids, 1)
  const warm = lookupCost(second, asids)
  print(format, {
    'file MB': (await stat(join(folder, file))).size / 1e6,
    records: Object.values(second.counts).join(' / '),
    'load s': loadTime / 1000,
    'reload s (beside the first)': reloadTime / 1000,
    'growth of RSS MB': after - before,
    'longest turn during a reload ms': longest.clock,
    'of that, CPU time of this thread ms': longest.cpu,
    'system ns (10 records / cold / warm)': `${smallCost.system} / ${cold.system} / ${warm.system}`,
    'endpoint ns (10 records / cold / warm)': `${smallCost.endpoint} / ${cold.endpoint} / ${warm.endpoint}`,
    'sharing ns (10 records / cold / warm)': `${smallCost.sharing} / ${cold.sharing} / ${warm.sharing}`,
  })
}

interface LookupCost {
  readonly system: number
  readonly endpoint: number
  readonly sharing: number
}

/** ASIDs of provider systems from all over the large directory. */
function providerAsids(): string[] {
  const asids: string[] = []
  for (const record of records(size)) if ('asid' in record && record.asid.startsWith('9')) asids.push(record.asid)
  return asids.filter((_, n) => n % 3 === 0).slice(0, 3000)
}

/** Mean CPU time of a look-up in ns. With one round over many systems, it is the cost of each one's first. */
function lookupCost(registry: Registry, asids: readonly string[], rounds = Math.ceil(200_000 / asids.length)): LookupCost {
  const found = new Map<string, AccreditedSystem>()
  // Header values arrive as new strings, whose hash nobody knows yet.
  const fresh = (text: string): string => Buffer.from(text).toString('latin1')
  const system = perCall(rounds, asids, fresh, (asid) => {
    const answer = registry.system(asid)
    if (answer.kind === 'found') found.set(asid, answer.system)
  })
  const receivers = [...found.values()]
  const calls = receivers.map((receiver, n) => ({
    receiver,
    from: receivers[(n * 7) % receivers.length]!,
    interaction: wanted[n % wanted.length]!,
  }))
  const renew = (call: (typeof calls)[number]) => ({ ...call, interaction: fresh(call.interaction) })
  const endpoint = perCall(rounds, calls, renew, (call) => registry.endpoint(call.receiver, call.interaction))
  const sharing = perCall(rounds, calls, renew, (call) => registry.sharing(call.from, call.receiver, call.interaction, 1))
  return { system, endpoint, sharing }
}

function perCall<T>(rounds: number, items: readonly T[], renew: (item: T) => T, call: (item: T) => unknown): number {
  let spent = 0
  const size = Math.max(1, Math.ceil(1000 / items.length))
  for (let round = 0; round < rounds; round += size) {
    const list = Array.from({ length: size }, () => items.map(renew)).flat()
    const from = process.threadCpuUsage()
    for (const item of list) call(item)
    const used = process.threadCpuUsage(from)
    spent += (used.user + used.system) / list.length
  }
  return Math.round((spent / Math.ceil(rounds / size)) * 1000)
}

/** Turns the event loop without pause; tells the longest turn in ms, by the clock and by the CPU time that this thread spent in it. */
function watchLoop(): () => { readonly clock: number; readonly cpu: number } {
  let [clock, cpu] = [0, 0]
  let last = performance.now()
  let lastCpu = process.threadCpuUsage()
  let isOn = true
  const turn = (): void => {
    const now = performance.now()
    const used = process.threadCpuUsage(lastCpu)
    clock = Math.max(clock, now - last)
    cpu = Math.max(cpu, (used.user + used.system) / 1000)
    last = now
    lastCpu = process.threadCpuUsage()
    if (isOn) setTimeout(turn, 0)
  }
  turn()
  return () => {
    isOn = false
    return { clock, cpu }
  }
}

async function writeRules(path: string): Promise<void> {
  const rules = ['{"reference":"everybody","effect":"allow","from":"*","to":"*","interactions":["urn:nhs:names:services:gpconnect:*"]}']
  let n = 0
  for (const record of records(size)) {
    if (rules.length >= ruleCount) break
    if (!('asid' in record)) continue
    const effect = n % 10 === 0 ? 'deny' : 'allow'
    rules.push(
      JSON.stringify({
        reference: `R${n++}`,
        effect,
        from: { ods: record.odsCode },
        to: { asid: record.asid },
        interactions: [wanted[n % wanted.length]],
      }),
    )
  }
  await writeFile(path, rules.join('\n'))
}

/** Ten records: a provider with its endpoints, and consumers. Returns the provider's ASID. */
async function writeSmall(path: string): Promise<string[]> {
  const lines: string[] = []
  const asids: string[] = []
  for (const record of records(size)) {
    const isProvider = 'asid' in record ? record.asid.startsWith('9') : record.url !== undefined
    if (lines.length >= 10) break
    if (lines.length < 6 !== isProvider) continue
    if ('asid' in record && isProvider) asids.push(record.asid)
    lines.push('asid' in record ? ndjsonSystem(record) : ndjsonEndpoint(record))
  }
  await writeFile(path, lines.join(''))
  return asids
}

function memory(): number {
  globalThis.gc?.()
  return process.memoryUsage().rss / 1e6
}

function print(title: string, figures: Record<string, number | string>): void {
  const rows = Object.entries(figures).map(
    ([name, value]) => `  ${name.padEnd(40)} ${typeof value === 'number' ? value.toFixed(1) : value}`,
  )
  process.stdout.write(`${title}\n${rows.join('\n')}\n`)
}
