import { fileURLToPath } from 'node:url'
import { type Options, readOptions } from '../support/command-line.ts'
import { flag } from '../support/option-kinds.ts'
import { type BenchWorld, makeBenchWorld } from './bench-world.ts'
import { consumerContext } from './load/consumer-context.ts'
import { type Load, startLoad } from './load/load.ts'
import { type Command, freePort, type OwnedProcess, startProcess, stopProcesses } from './owned-processes.ts'
import { surroundings } from './surroundings.ts'

/** Where something is measured: a provider that answers, and whatever is started beside it. */
export interface BenchScene {
  readonly world: BenchWorld
  readonly load: Load
  readonly machine: ReturnType<typeof surroundings>
  /** Runs a program and resolves once it listens on the port that its command was made for. */
  start(title: string, command: (port: number) => Command | Promise<Command>): Promise<OwnedProcess>
}

/** Makes a scene, and ends everything in it whichever way `measure` goes. */
export async function inBenchScene<T>(providerConnections: number, measure: (scene: BenchScene) => Promise<T>): Promise<T> {
  const providerPort = await freePort()
  const world = await makeBenchWorld(providerPort, providerConnections)
  try {
    const handshake = consumerContext(world.directory)
    const start: BenchScene['start'] = async (title, command) => startProcess(title, await command(await freePort()), handshake)
    const module = fileURLToPath(new URL('provider.ts', import.meta.url))
    await startProcess(
      'the provider',
      { program: process.execPath, args: [module, world.directory, String(providerPort)], port: providerPort },
      handshake,
    )
    return await measure({ world, load: startLoad(world.directory), machine: surroundings(world), start })
  } finally {
    await stopProcesses()
  }
}

/** How a scene of its own is used. */
export interface SceneProgram<Some extends Options> {
  /** As it is typed behind `npm run bench --`. */
  readonly scene: string
  readonly purpose: string
  /** Its options but for `--json`, which each has. */
  readonly options: Some
}

/** Reads the command line of a scene; ends the process like `readOptions`. */
export function readSceneOptions<Some extends Options>({ scene, purpose, options }: SceneProgram<Some>, args: readonly string[]) {
  const program = {
    command: `npm run bench -- ${scene}`,
    purpose,
    options: { ...options, json: flag('JSON on stdout in place of a table') },
    exits: { 0: 'it was measured, and what is promised holds', 1: 'it could not be measured, or what is promised is missed' },
  }
  return readOptions(program, args).values
}
