import { availableParallelism, cpus, loadavg, release } from 'node:os'
import type { BenchWorld } from './bench-world.ts'
import { isBuilt } from './node-command.ts'

/** The machine, and how busy it was. */
export function surroundings(world: BenchWorld) {
  return {
    node: process.version,
    openssl: process.versions.openssl,
    kernel: release(),
    cpu: cpus()[0]?.model ?? 'unknown',
    cores: availableParallelism(),
    auditOn: world.fileSystem,
    thisProxy: isBuilt() ? 'as it is built' : 'from its sources',
    loadAverage: loadavg().map((one) => Math.round(one * 100) / 100),
  }
}
