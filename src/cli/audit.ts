import { readFile } from 'node:fs/promises'
import { resolve } from 'node:path'
import { Command } from 'commander'
import type { Evidence } from '../audit/log-evidence.ts'
import { readReceipt, receiptProblem } from '../audit/receipt-proof.ts'
import { type NoteVerifier, readVerifier } from '../audit/signed-note.ts'
import { type Broken, type Verified, verifyAll } from '../audit/verify.ts'
import { auditEventsCommand } from './audit-events.ts'
import { auditExportCommand } from './audit-export.ts'
import { proveCommand } from './audit-prove.ts'
import { auditReindexCommand } from './audit-reindex.ts'
import { auditRetileCommand } from './audit-retile.ts'
import { auditRotateKeyCommand } from './audit-rotate-key.ts'
import { auditSearchCommand } from './audit-search.ts'
import { CommandFailure } from './command-failure.ts'
import { loadConfigOf } from './config-path.ts'
import { cosignedIn, cosignedText, type LogCosigned, witnessOf } from './cosigned-evidence.ts'
import { exitCode } from './exit-code.ts'
import { printable } from './printable.ts'
import type { Terminal } from './terminal.ts'

interface VerifyOptions {
  readonly data?: string
  readonly key: readonly string[]
  readonly checkpoint: readonly string[]
  readonly receipt: readonly string[]
  readonly witness: readonly string[]
}

/** `ssp audit`: shows to anybody, from files alone, what the audit holds and that nothing of it was changed or taken out. */
export function auditCommand(terminal: Terminal): Command {
  const many = (value: string, before: readonly string[]): readonly string[] => [...before, value]
  const verify = new Command('verify')
    .description('Verify every audit log, whether a proxy is running or not; ends with 1 at the first place that is wrong.')
    .option('--data <dir>', "data directory, else the settings'")
    .option(
      '--key <text>',
      'verifier key of a log that was kept elsewhere; without it the one beside the log is believed; repeatable',
      many,
      [],
    )
    .option('--checkpoint <file>', 'checkpoint that was kept elsewhere: the log must hold all that it was signed for; repeatable', many, [])
    .option(
      '--receipt <text>',
      'value of Ssp-Receipt: its record must be there; with --key and no --data it is verified by itself; repeatable',
      many,
      [],
    )
    .option(
      '--witness <text>',
      'verifier key of a witness: beside every log there must be a checkpoint that it cosigned, and the log must hold all of that; repeatable',
      many,
      [],
    )
    .addHelpText('after', '\nExample:\n  ssp audit verify --data copy --checkpoint kept/2026-11-25.checkpoint')
    .action(async (options: VerifyOptions, command: Command) => {
      const keys = options.key.map(keyOf)
      const alone = options.data === undefined && options.checkpoint.length === 0 && options.witness.length === 0
      if (alone && options.receipt.length > 0 && keys.length > 0) return receiptsAlone(options.receipt, keys, terminal)
      const directory =
        options.data === undefined ? await dataDirectoryOf(command, terminal) : resolve(terminal.workingDirectory, options.data)
      const cosigned = await cosignedIn(directory, options.witness.map(witnessOf))
      const evidence = await evidenceOf(options, keys, cosigned, terminal)
      const logs = await verifyOrFail(directory, evidence)
      if (logs.size === 0) terminal.error(`${directory} holds no audit log\n`)
      for (const [log, result] of logs) terminal.out(`${printable(`${log}  ${resultText(result)}`)}\n`)
      for (const one of cosigned) terminal.out(`${printable(cosignedText(one))}\n`)
      const unmet = strangers(evidence, logs)
      for (const one of unmet) terminal.error(`${printable(one)}\n`)
      const held = keys.length + options.checkpoint.length + options.receipt.length + options.witness.length > 0
      const lacking = (held && logs.size === 0) || cosigned.some((one) => one.cosigned === undefined)
      if (lacking || unmet.length > 0 || Array.from(logs.values()).some(({ ok }) => !ok)) throw new CommandFailure(exitCode.negative)
    })
  return new Command('audit')
    .description('Work on the audit trail.')
    .addCommand(verify)
    .addCommand(proveCommand(terminal))
    .addCommand(auditSearchCommand(terminal))
    .addCommand(auditEventsCommand(terminal))
    .addCommand(auditExportCommand(terminal))
    .addCommand(auditReindexCommand(terminal))
    .addCommand(auditRetileCommand(terminal))
    .addCommand(auditRotateKeyCommand(terminal))
}

function keyOf(text: string): NoteVerifier {
  const key = readVerifier(text)
  if (key === undefined) throw new CommandFailure(exitCode.usage, `--key is no verifier key: ${JSON.stringify(text)}`)
  return key
}

async function evidenceOf(
  { checkpoint, receipt }: VerifyOptions,
  keys: readonly NoteVerifier[],
  cosigned: readonly LogCosigned[],
  terminal: Terminal,
): Promise<Evidence> {
  for (const text of receipt) {
    if (readReceipt(text) === undefined) throw new CommandFailure(exitCode.usage, `--receipt is no receipt: ${JSON.stringify(text)}`)
  }
  const read = async (name: string) => {
    try {
      return { name, note: await readFile(resolve(terminal.workingDirectory, name), 'utf8') }
    } catch (error) {
      throw new CommandFailure(exitCode.usage, `the checkpoint ${name} cannot be read: ${(error as Error).message}`)
    }
  }
  const beside = cosigned.flatMap((one) => (one.cosigned === undefined ? [] : [{ name: one.cosigned.path, note: one.cosigned.note }]))
  return { keys, receipts: receipt, checkpoints: [...(await Promise.all(checkpoint.map(read))), ...beside] }
}

function receiptsAlone(texts: readonly string[], keys: readonly NoteVerifier[], terminal: Terminal): void {
  let bad = false
  for (const text of texts) {
    const receipt = readReceipt(text)
    if (receipt === undefined) throw new CommandFailure(exitCode.usage, `--receipt is no receipt: ${JSON.stringify(text)}`)
    const { log } = receipt.group
    const problems = keys.filter(({ name }) => name === log).map((key) => receiptProblem(receipt, key))
    const problem = problems.length === 0 ? 'no --key is of its log' : problems.includes(undefined) ? undefined : problems[0]
    bad ||= problem !== undefined
    const line = `${log}  ${problem === undefined ? 'ok' : 'BROKEN'}  receipt of record ${receipt.index}${problem === undefined ? '' : `: ${problem}`}`
    // Whoever made the receipt up chose the log's name.
    terminal.out(`${printable(line)}\n`)
  }
  if (bad) throw new CommandFailure(exitCode.negative)
}

/** What was given and is of no log that is there: to pass over it would say that it was verified. */
function strangers({ keys = [], receipts = [], checkpoints = [] }: Evidence, logs: ReadonlyMap<string, unknown>): readonly string[] {
  const given = [
    ...keys.map(({ name }) => ({ what: 'the key', log: name })),
    ...receipts.map((text) => ({ what: 'the receipt', log: readReceipt(text)?.group.log ?? '' })),
    ...checkpoints.map(({ name, note }) => ({ what: `the checkpoint ${name}`, log: note.split('\n')[0] ?? '' })),
  ]
  return given.flatMap(({ what, log }) => (logs.has(log) ? [] : [`${what} is of the log ${JSON.stringify(log)}, which is not there`]))
}

async function dataDirectoryOf(command: Command, terminal: Terminal): Promise<string> {
  const { config, baseDir } = await loadConfigOf(command, terminal)
  return resolve(baseDir, config.dataDirectory)
}

async function verifyOrFail(directory: string, evidence: Evidence): Promise<ReadonlyMap<string, Verified | Broken>> {
  try {
    return await verifyAll(directory, evidence)
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException
    const why = code === 'ENOENT' ? 'there is none' : message
    throw new CommandFailure(exitCode.negative, `the audit in ${directory} cannot be read: ${why}`)
  }
}

function resultText(result: Verified | Broken): string {
  if (!result.ok) return `BROKEN at ${result.file}:${result.line}, record ${result.badIndex}: ${result.problem}`
  const { records, head, root, unfinished, tornTail } = result
  const notes = [
    ...(unfinished > 0 ? [`${unfinished} forwarded calls without an outcome yet`] : []),
    ...(tornTail ? ['the last record is unfinished, as while being written or after a crash'] : []),
  ]
  return [`ok  ${records} records`, `head ${head}`, `root ${root}`, ...notes].join('  ')
}
