import { existsSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import type { BenchWorld } from '../bench-world.ts'
import { nodeCommand } from '../node-command.ts'
import type { Command } from '../owned-processes.ts'
import { haproxyConfig } from './haproxy.ts'
import { nginxConfig } from './nginx.ts'
import { thisProxyConfig } from './this-proxy.ts'

/** A proxy that is measured, a process or a group of its own. */
export interface Subject {
  readonly name: SubjectName
  readonly title: string
  installed(): boolean
  /** Writes what the subject needs into the world's folder and gives how it is run on that port; `profile` is a folder for CPU profiles. */
  command(world: BenchWorld, port: number, profile: string | undefined): Promise<Command>
}

/** The subjects by name. */
export type SubjectName = 'this-proxy' | 'undici' | 'http-proxy' | 'nginx' | 'haproxy'

/** Everyone who can be measured, in the order in which they take turns. */
export const subjects: readonly Subject[] = [
  {
    name: 'this-proxy',
    title: 'this proxy, everything on',
    installed: () => true,
    command: async (world, port, profile) => {
      const config = await thisProxyConfig(world, port)
      return nodeCommand('../../bin/ssp.js', ['serve', '--config', config], port, profile)
    },
  },
  nodeSubject('undici', 'bare undici pass-through', 'undici-pass-through.ts'),
  nodeSubject('http-proxy', 'bare http-proxy', 'http-proxy.ts'),
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
]

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
