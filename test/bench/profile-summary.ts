import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

interface ProfileNode {
  readonly id: number
  readonly callFrame: { readonly functionName: string; readonly url: string; readonly lineNumber: number }
  readonly children?: readonly number[]
}

interface CpuProfile {
  readonly nodes: readonly ProfileNode[]
  readonly samples: readonly number[]
  readonly timeDeltas: readonly number[]
}

/** Time of the busy thread that one place took. */
interface Share {
  readonly where: string
  readonly percent: number
  readonly milliseconds: number
}

/** Where the time of a CPU profile went. The idle thread does not count. */
export interface ProfileSummary {
  /** By function and file, its own time alone, the longest first. */
  readonly functions: readonly Share[]
  /** By file outside Node: its own time and that of what it called in Node, such as system calls, the longest first. */
  readonly owners: readonly Share[]
}

const checkout = fileURLToPath(new URL('../..', import.meta.url))
const notBusy: ReadonlySet<string> = new Set(['(idle)', '(root)'])

/** Sums up a profile that Node has written. */
export function summariseProfile(file: string): ProfileSummary {
  const { nodes, samples, timeDeltas } = JSON.parse(readFileSync(file, 'utf8')) as CpuProfile
  const byId = new Map(nodes.map((node) => [node.id, node]))
  const parents = new Map(nodes.flatMap(({ id, children = [] }) => children.map((child) => [child, id] as const)))
  const functions = new Map<string, number>()
  const owners = new Map<string, number>()
  samples.forEach((id, at) => {
    const node = byId.get(id)
    if (node === undefined || notBusy.has(node.callFrame.functionName)) return
    // The time up to the next sample is spent where this one was taken.
    const time = (timeDeltas[at + 1] ?? 0) / 1000
    add(functions, placeOf(node), time)
    add(owners, ownerOf(node, byId, parents), time)
  })
  return { functions: sharesOf(functions), owners: sharesOf(owners) }
}

/** The profiles in a folder as text. */
export function profileText(folder: string, lines = 60): string {
  const files = readdirSync(folder).filter((name) => name.endsWith('.cpuprofile'))
  const rows = (shares: readonly Share[]) => shares.slice(0, lines).map(rowOf)
  return files
    .map((name) => {
      const { functions, owners } = summariseProfile(join(folder, name))
      const owned = ['', 'by file, with what it called in Node:', ...rows(owners), '']
      return [name, 'by function, its own time:', ...rows(functions), ...owned].join('\n')
    })
    .join('\n')
}

function rowOf({ where, percent, milliseconds }: Share): string {
  return `${percent.toFixed(2).padStart(6)} % ${milliseconds.toFixed(0).padStart(7)} ms  ${where}`
}

function add(sums: Map<string, number>, where: string, time: number): void {
  sums.set(where, (sums.get(where) ?? 0) + time)
}

function sharesOf(sums: ReadonlyMap<string, number>): readonly Share[] {
  const whole = [...sums.values()].reduce((sum, time) => sum + time, 0)
  return [...sums]
    .map(([where, milliseconds]) => ({ where, percent: (milliseconds / whole) * 100, milliseconds }))
    .sort((a, b) => b.percent - a.percent)
}

function placeOf({ callFrame: { functionName, url, lineNumber } }: ProfileNode): string {
  if (functionName.startsWith('(') && url === '') return functionName
  return `${functionName || '(anonymous)'}  ${fileOf(url)}:${lineNumber + 1}`
}

/** The nearest file on the stack that is not Node's own. */
function ownerOf(node: ProfileNode, byId: ReadonlyMap<number, ProfileNode>, parents: ReadonlyMap<number, number>): string {
  const { functionName, url } = node.callFrame
  if (functionName.startsWith('(') && url === '') return functionName
  for (let one: ProfileNode | undefined = node; one !== undefined; one = byId.get(parents.get(one.id) ?? -1)) {
    const found = one.callFrame.url
    if (found !== '' && !found.startsWith('node:') && !found.startsWith('wasm:')) return fileOf(found)
  }
  return "(Node's own, called by nobody else)"
}

function fileOf(url: string): string {
  if (!url.startsWith('file:')) return url.replace(/^\S*node_modules\//, '') || 'built in'
  return fileURLToPath(url)
    .replace(checkout, '')
    .replace(/^.*node_modules\//, '')
}
