import { fileURLToPath } from 'node:url'
import { runProgram } from '../src/cli/program.ts'

const checkout = fileURLToPath(new URL('..', import.meta.url))

/** The help of every command, as the program prints it where no terminal says how wide it is, in Markdown. */
export async function commandReference(): Promise<string> {
  const { isTTY } = process.stdout
  process.stdout.isTTY = false
  try {
    return (await sectionsUnder([])).join('\n\n')
  } finally {
    process.stdout.isTTY = isTTY
  }
}

async function sectionsUnder(command: readonly string[]): Promise<readonly string[]> {
  const help = await helpOf(command)
  const own = `## ${['ssp', ...command].join(' ')}\n\n\`\`\`text\n${help.trim()}\n\`\`\``
  const inner = await Promise.all(namesIn(help).map((name) => sectionsUnder([...command, name])))
  return [own, ...inner.flat()]
}

async function helpOf(command: readonly string[]): Promise<string> {
  let help = ''
  let said = ''
  const code = await runProgram([...command, '--help'], {
    out: (text) => {
      help += text
    },
    error: (text) => {
      said += text
    },
    environment: {},
    workingDirectory: checkout,
    packageDirectory: checkout,
  })
  if (code !== 0) throw new Error(`ssp ${command.join(' ')} --help ended with ${code}: ${said}`)
  return help
}

/** The commands that a help lists; `help` itself needs no section. */
function namesIn(help: string): readonly string[] {
  const list = /^Commands:\n((?: .*\n?)*)/m.exec(help)?.[1] ?? ''
  return Array.from(list.matchAll(/^ {2}([a-z][a-z-]*)/gm), ([, name = '']) => name).filter((name) => name !== 'help')
}
