import { readFileSync } from 'node:fs'
import { availableParallelism, cpus, loadavg, release } from 'node:os'
import type { BenchWorld } from './bench-world.ts'
import { isBuilt } from './node-command.ts'

/** Tells the machine, how busy it was before, and how much of its time since now went to other machines on the same processors. */
export function surroundings(world: BenchWorld) {
  const loadAverage = loadavg().map((one) => Math.round(one * 100) / 100)
  const before = processorTime()
  return () => ({
    node: process.version,
    openssl: process.versions.openssl,
    kernel: release(),
    cpu: cpus()[0]?.model ?? 'unknown',
    cores: availableParallelism(),
    auditOn: world.fileSystem,
    thisProxy: isBuilt() ? 'as it is built' : 'from its sources',
    loadAverage,
    stolen: stolenSince(before),
  })
}

interface ProcessorTime {
  readonly all: number
  /** Of all, what a virtual machine wanted and did not get. */
  readonly stolen: number
}

/** Clock ticks of all processors since the start (proc(5), /proc/stat: user, nice, system, idle, iowait, irq, softirq, steal). */
function processorTime(): ProcessorTime {
  const ticks = (/^cpu +(.*)$/m.exec(readFileSync('/proc/stat', 'latin1'))?.[1] ?? '').split(' ').slice(0, 8).map(Number)
  return { all: ticks.reduce((sum, one) => sum + one, 0), stolen: ticks[7] ?? 0 }
}

function stolenSince(before: ProcessorTime): string {
  const now = processorTime()
  return `${((100 * (now.stolen - before.stolen)) / Math.max(1, now.all - before.all)).toFixed(1)} %`
}

/** The machine in a line. */
export function machineText(machine: object): string {
  return Object.entries(machine)
    .map(([name, value]) => `${name}: ${value}`)
    .join('; ')
}
