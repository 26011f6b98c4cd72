import { resolve } from 'node:path'
import { Command } from 'commander'
import { logDirectory } from '../audit/log-directories.ts'
import { type ProvableTree, provenBy } from '../audit/log-proof.ts'
import { consistencyProof, inclusionProof } from '../audit/merkle-tree.ts'
import { CommandFailure } from './command-failure.ts'
import { exitCode } from './exit-code.ts'
import type { Terminal } from './terminal.ts'

interface ProveOptions {
  readonly data: string
  readonly log: string
  readonly index?: string
  readonly from?: string
  readonly size?: string
}

/** `ssp audit prove`: what shows to an outsider that a record is in a log, or that a newer log begins with all of an older one (RFC 9162 2.1). */
export function proveCommand(terminal: Terminal): Command {
  return new Command('prove')
    .description(
      'Print, as JSON, the proof that a record is in a log (--index), or that the log goes on from an older state of it (--from).',
    )
    .requiredOption('--data <dir>', 'data directory, or a copy of it')
    .requiredOption('--log <name>', "the log's name, as node1/main")
    .option('--index <n>', 'the record to be proven')
    .option('--from <n>', 'number of records of the older state')
    .option('--size <n>', 'number of records of the tree that the proof leads to; those of the newest checkpoint unless given')
    .addHelpText('after', '\nExample:\n  ssp audit prove --data data --log node1/main --index 17 --size 1000')
    .action(async (options: ProveOptions) => {
      const proof = await proofIn(resolve(terminal.workingDirectory, options.data), options)
      terminal.out(`${JSON.stringify(proof, undefined, 2)}\n`)
    })
}

async function proofIn(data: string, options: ProveOptions): Promise<object> {
  const { log, size } = options
  if (!/^[a-z0-9][a-z0-9.-]*\/\w+$/.test(log)) throw new CommandFailure(exitCode.usage, `--log is no log's name: ${JSON.stringify(log)}`)
  const wanted = size === undefined ? undefined : numberOf('--size', size, Number.MAX_SAFE_INTEGER)
  try {
    return await provenBy(logDirectory(data, log), wanted, (tree) => proofOf(options, tree))
  } catch (error) {
    if (error instanceof CommandFailure) throw error
    throw new CommandFailure(exitCode.negative, `nothing can be proven from the log ${log}: ${(error as Error).message}`)
  }
}

function proofOf({ log, index, from, size: wanted }: ProveOptions, { size: records, roots }: ProvableTree): object {
  if ((index === undefined) === (from === undefined)) throw new CommandFailure(exitCode.usage, 'give either --index or --from')
  const size = wanted === undefined ? records : numberOf('--size', wanted, records + 1)
  const root = roots(0, size).toString('base64')
  if (index !== undefined) {
    const place = numberOf('--index', index, size)
    const leaf = roots(place, place + 1).toString('base64')
    return { log, index: place, size, leaf, root, proof: texts(inclusionProof(roots, place, size)) }
  }
  const older = numberOf('--from', from ?? '', size + 1)
  if (older === 0) throw new CommandFailure(exitCode.usage, '--from must be 1 or more: any log begins with an empty one')
  const fromRoot = roots(0, older).toString('base64')
  return { log, from: older, fromRoot, size, root, proof: texts(consistencyProof(roots, older, size)) }
}

function texts(nodes: readonly Buffer[]): readonly string[] {
  return nodes.map((node) => node.toString('base64'))
}

function numberOf(option: string, text: string, below: number): number {
  const value = Number(text)
  if (!/^\d{1,15}$/.test(text) || value >= below)
    throw new CommandFailure(exitCode.usage, `${option} must be a whole number below ${below}: ${text}`)
  return value
}
