import { existsSync } from 'node:fs'
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { AuditEntry } from '../../src/audit/entry.ts'
import { callControl } from '../../src/ops/control-client.ts'
import { followEntries } from './audit-log-text.ts'
import type { Answer } from './consumer.ts'
import type { WorldOptions } from './start-world.ts'
import { startWorldProcess, type WorldProcess } from './start-world-process.ts'

/** A world whose proxy is several processes. */
export interface WorkersWorld extends WorldProcess {
  /** What one worker's log holds now. */
  auditOf(worker: string): readonly AuditEntry[]
  /** Which worker forwarded the call of this answer; undefined where it is in no log. */
  workerOf(answer: Pick<Answer, 'exchange'>): string | undefined
  /** The process ids of the workers now, by name. */
  pids(): Promise<ReadonlyMap<string, number>>
  control(method: 'GET' | 'POST' | 'DELETE', path: string, body?: unknown): Promise<{ readonly status: number; readonly body: unknown }>
}

const names = ['w1', 'w2']

/** Starts a world with two workers and resolves once both take calls. */
export async function startWorkers(options: WorldOptions = {}): Promise<WorkersWorld> {
  const here = await startWorldProcess({ workers: 2, ...options })
  const node = String(options.settings?.['audit']?.['node'] ?? 'test')
  const folderOf = (worker: string): string => join(here.directory, 'data', 'audit', `${node}-${worker}`)
  const logs = new Map<string, () => readonly AuditEntry[]>()
  const auditOf = (worker: string): readonly AuditEntry[] => {
    const log = logs.get(worker) ?? followEntries(folderOf(worker))
    logs.set(worker, log)
    return existsSync(folderOf(worker)) ? log() : []
  }
  return Object.assign(here, {
    auditOf,
    workerOf: ({ exchange }: Pick<Answer, 'exchange'>) =>
      names.find((name) => auditOf(name).some((entry) => entry.type === 'forwarding' && entry.exchange === exchange)),
    async pids() {
      const children = await childrenOf(here.pid)
      const owners = await Promise.all(
        names.map(async (name) => [name, Number(await readFile(join(folderOf(name), 'lock.pid'), 'utf8'))] as const),
      )
      return new Map(owners.filter(([, pid]) => children.includes(pid)))
    },
    control: (method: 'GET' | 'POST' | 'DELETE', path: string, body?: unknown) =>
      callControl(join(here.directory, 'data', 'ssp.sock'), method, path, body),
  })
}

async function childrenOf(pid: number): Promise<readonly number[]> {
  const threads = await readdir(`/proc/${pid}/task`)
  const lists = await Promise.all(threads.map((thread) => readFile(`/proc/${pid}/task/${thread}/children`, 'utf8')))
  return lists.flatMap((text) => text.trim().split(' ')).map(Number)
}
