import { execFileSync } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'

const ticksPerSecond = Number(execFileSync('getconf', ['CLK_TCK'], { encoding: 'utf8' }))

/**
 * CPU seconds, user and system, that a process and its descendants have used so far, all their threads included: the operating system's own
 * account (proc(5), /proc/pid/stat, fields 14 and 15), exact to a clock tick.
 */
export function cpuSecondsOf(pid: number): number {
  const stats = new Map<number, Stat>()
  for (const name of readdirSync('/proc')) {
    const stat = /^\d+$/.test(name) ? statOf(name) : undefined
    if (stat !== undefined) stats.set(Number(name), stat)
  }
  const own = [...stats].filter(([one]) => descends(one, pid, stats))
  if (own.length === 0) throw new Error(`process ${pid} is no more`)
  return own.reduce((sum, [, { ticks }]) => sum + ticks, 0) / ticksPerSecond
}

/** CPU seconds of each direct child of a process so far, by process id. */
export function cpuSecondsOfChildren(pid: number): ReadonlyMap<number, number> {
  const children = readdirSync('/proc').flatMap((name) => {
    const stat = /^\d+$/.test(name) ? statOf(name) : undefined
    return stat?.parent === pid ? [[Number(name), stat.ticks / ticksPerSecond] as const] : []
  })
  return new Map(children)
}

interface Stat {
  readonly parent: number
  readonly ticks: number
}

/** Undefined for a process that has ended meanwhile. */
function statOf(pid: string): Stat | undefined {
  let text: string
  try {
    text = readFileSync(`/proc/${pid}/stat`, 'latin1')
  } catch {
    return undefined
  }
  // The command's name may hold spaces and brackets: what follows the last bracket is field 3 and on.
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ')
  return { parent: Number(fields[1]), ticks: Number(fields[11]) + Number(fields[12]) }
}

function descends(pid: number, from: number, stats: ReadonlyMap<number, Stat>): boolean {
  for (let one: number | undefined = pid; one !== undefined && one > 0; one = stats.get(one)?.parent) if (one === from) return true
  return false
}
