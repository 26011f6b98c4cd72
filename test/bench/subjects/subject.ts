import { existsSync } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import { delimiter, join } from 'node:path'
import { interactions } from '../../../src/spine/interaction-id.ts'
import { world as cast } from '../../support/start-world.ts'
import type { BenchWorld } from '../bench-world.ts'
import { nodeCommand, proxyCommand } from '../node-command.ts'
import type { Command } from '../owned-processes.ts'
import { haproxyConfig } from './haproxy.ts'
import { nginxConfig } from './nginx.ts'
import { thisProxyConfig } from './this-proxy.ts'

/** A proxy that is measured, a process or a group of its own. */
export interface Subject {
  readonly name: SubjectName
  readonly title: string
  installed(): boolean
  /** Writes what the subject needs into the world's folder and gives how it is run on that port; `profile` is a folder for CPU profiles, `workers` how many processes of this proxy take calls. */
  command(world: BenchWorld, port: number, profile: string | undefined, workers: number): Promise<Command>
}

/** The subjects by name. */
export type SubjectName = 'this-proxy' | 'undici' | 'http-proxy' | 'httpxy' | 'reply-from' | 'nginx' | 'haproxy' | 'nginx-deciding'

/** Everyone who can be measured, in the order in which they take turns. */
export const subjects: readonly Subject[] = [
  {
    name: 'this-proxy',
    title: 'this proxy, everything on',
    installed: () => true,
    command: async (world, port, profile, workers) => {
      const config = await thisProxyConfig(world, port, { workers })
      return proxyCommand(config, port, profile)
    },
  },
  nodeSubject('undici', 'bare undici pass-through', 'undici-pass-through.ts'),
  nodeSubject('http-proxy', 'bare http-proxy', 'http-proxy.ts'),
  nodeSubject('httpxy', 'bare httpxy', 'httpxy.ts'),
  nodeSubject('reply-from', 'bare @fastify/reply-from', 'reply-from.ts'),
  {
    name: 'nginx',
    title: 'nginx',
    installed: () => findProgram('nginx') !== undefined,
    command: async (world, port) => program('nginx', ['-e', 'stderr', '-c', await nginxConfig(world, port)], port),
  },
  {
    name: 'haproxy',
    title: 'HAProxy',
    installed: () => findProgram('haproxy') !== undefined,
    command: async (world, port) => program('haproxy', ['-db', '-q', '-f', await haproxyConfig(world, port)], port),
  },
  {
    name: 'nginx-deciding',
    title: 'nginx that asks and records',
    installed: () => findProgram('nginx') !== undefined,
    command: nginxDeciding,
  },
]

/** nginx doing the nearest comparable job: see decision-service.ts. */
async function nginxDeciding(world: BenchWorld, port: number, profile: string | undefined): Promise<Command> {
  const { consumer, provider, root } = cast
  const known = [...interactions.keys()]
  const registry = {
    names: { [consumer.asid]: `CN=${consumer.fqdn}` },
    interactions: { [consumer.asid]: known, [provider.asid]: known },
    endpoints: { [provider.asid]: [root] },
  }
  const [socket, file, records] = ['decisions.sock', 'decisions.json', 'decisions.log'].map((name) => join(world.directory, name)) as [
    string,
    string,
    string,
  ]
  await writeFile(file, JSON.stringify(registry))
  const nginx = [findProgram('nginx') ?? 'nginx', '-e', 'stderr', '-c', await nginxConfig(world, port, socket)]
  return nodeCommand('subjects/decision-service.ts', [socket, file, records, ...nginx], port, profile)
}

function nodeSubject(name: SubjectName, title: string, module: string): Subject {
  return {
    name,
    title,
    installed: () => true,
    command: async (world, port, profile) =>
      nodeCommand(
        `subjects/${module}`,
        [world.directory, String(port), String(world.providerPort), String(world.providerConnections)],
        port,
        profile,
      ),
  }
}

function program(name: string, args: readonly string[], port: number): Command {
  return { program: findProgram(name) ?? name, args, port }
}

/** Distributions keep servers where an ordinary user's PATH does not look. */
function findProgram(name: string): string | undefined {
  const folders = [...(process.env['PATH'] ?? '').split(delimiter), '/usr/sbin', '/usr/local/sbin']
  return folders.map((folder) => join(folder, name)).find(existsSync)
}
