import { writeSync } from 'node:fs'
import { parseArgs } from 'node:util'
import type { ProgramOption } from './option-kinds.ts'

/** What a program can be told, by the options' names. */
export type Options = Readonly<Record<string, ProgramOption<unknown>>>

/** The values of options, by their names. */
export type ValuesOf<Some extends Options> = {
  readonly [Name in keyof Some]: Some[Name] extends ProgramOption<infer Value> ? Value : never
}

/** A program that is started by `npm run`, and how it is used. */
export interface Program<Some extends Options> {
  /** As it is typed, up to its first option. */
  readonly command: string
  /** What it is for, a sentence or two. */
  readonly purpose: string
  readonly options: Some
  /** What may stand without dashes, and what it means; nothing unless told here. */
  readonly words?: { readonly shape: string; readonly says: readonly string[]; readonly known: readonly string[] }
  /** What its exit codes mean, but for 64. */
  readonly exits: Readonly<Record<number, string>>
  /** What is wrong with values that are each right, as a sentence without its full stop. */
  readonly wrong?: (values: ValuesOf<Some>) => string | undefined
}

/** What a command line asks for: a run, the usage, or something that there is not, told in one line. */
export type CommandLine<Some extends Options> =
  | { readonly kind: 'run'; readonly values: ValuesOf<Some>; readonly words: readonly string[] }
  | { readonly kind: 'help' }
  | { readonly kind: 'wrong'; readonly line: string }

/** Exit codes of every program that measures, those of BSD's sysexits. */
const exits = { usage: 64, unavailable: 69 } as const

/** What a command line asks of a program. */
export function commandLine<Some extends Options>(program: Program<Some>, args: readonly string[]): CommandLine<Some> {
  const given: Record<string, unknown> = {}
  const words: string[] = []
  const { tokens } = parseArgs({
    args: [...args],
    options: Object.fromEntries([
      ...Object.entries(program.options).map(([name, { shape }]) => [name, { type: shape === undefined ? 'boolean' : 'string' }] as const),
      ['help', { type: 'boolean', short: 'h' }] as const,
    ]),
    strict: false,
    tokens: true,
  })
  if (tokens.some((token) => token.kind === 'option' && token.name === 'help')) return { kind: 'help' }
  for (const token of tokens) {
    if (token.kind === 'positional') {
      if (program.words?.known.includes(token.value) !== true) return { kind: 'wrong', line: `there is no "${token.value}" here` }
      words.push(token.value)
    }
    if (token.kind !== 'option') continue
    const option = Object.hasOwn(program.options, token.name) ? program.options[token.name] : undefined
    if (option === undefined) return { kind: 'wrong', line: `there is no option ${token.rawName}` }
    const read = option.shape === undefined && token.value !== undefined ? undefined : option.read(token.value ?? '')
    if (read === undefined)
      return { kind: 'wrong', line: `--${token.name} takes ${option.takes}${token.value === undefined ? '' : `, not "${token.value}"`}` }
    given[token.name] = read
  }
  const values = Object.fromEntries(
    Object.entries(program.options).map(([name, { otherwise }]) => [name, given[name] ?? otherwise]),
  ) as ValuesOf<Some>
  const line = program.wrong?.(values)
  return line === undefined ? { kind: 'run', values, words } : { kind: 'wrong', line }
}

/** How a program is used: its purpose, its options with what they are unless told, its exit codes. */
export function usageOf({ command, purpose, options, words, exits: own }: Omit<Program<Options>, 'wrong'>): string {
  const listed = Object.entries(options).map(([name, { shape, says, otherwiseSaid }]) => [
    `--${name}${shape === undefined ? '' : ` ${shape}`}`,
    `${says}${otherwiseSaid === undefined ? '' : ` (${otherwiseSaid})`}`,
  ])
  const codes = Object.entries({ ...own, [exits.usage]: 'the command line is wrong' })
  return [
    `${command}${words === undefined ? '' : ` ${words.shape}`} [options]`,
    '',
    purpose,
    ...(words === undefined ? [] : ['', ...words.says]),
    '',
    'Options, and what they are unless told:',
    ...columns([...listed, ['--help', 'this text']]),
    '',
    'Exit codes:',
    ...columns(codes),
    '',
  ].join('\n')
}

function columns(rows: readonly (readonly string[])[]): readonly string[] {
  const width = Math.max(...rows.map(([first = '']) => first.length))
  return rows.map(([first = '', second = '']) => `  ${first.padEnd(width)}  ${second}`)
}

/**
 * Reads a program's command line. Ends the process with 0 and the usage on stdout where that is asked for, and with 64 and one line on stderr, the usage
 * behind it, where something is asked that there is not.
 */
export function readOptions<Some extends Options>(program: Program<Some>, args: readonly string[] = process.argv.slice(2)) {
  const read = commandLine(program, args)
  if (read.kind === 'run') return read
  if (read.kind === 'help') {
    writeSync(process.stdout.fd, usageOf(program))
    return process.exit(0)
  }
  writeSync(process.stderr.fd, `${read.line}\n\n${usageOf(program)}`)
  return process.exit(exits.usage)
}

/** Ends the process with 69: programs that it needs are not installed. */
export function notInstalled(...names: readonly string[]): never {
  writeSync(process.stderr.fd, `not installed: ${names.join(', ')}\n`)
  return process.exit(exits.unavailable)
}
