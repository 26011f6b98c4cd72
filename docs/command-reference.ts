import { runSsp } from '../test/support/run-ssp.ts'

/** The help of every command, as the program prints it, in Markdown. */
export async function commandReference(): Promise<string> {
  const sections = await sectionsUnder([])
  return sections.join('\n\n')
}

async function sectionsUnder(command: readonly string[]): Promise<readonly string[]> {
  const { code, out, error } = await runSsp([...command, '--help'])
  if (code !== 0) throw new Error(`ssp ${command.join(' ')} --help ended with ${code}: ${error}`)
  const own = `## ${['ssp', ...command].join(' ')}\n\n\`\`\`text\n${out.trim()}\n\`\`\``
  const inner = await Promise.all(namesOf(out).map((name) => sectionsUnder([...command, name])))
  return [own, ...inner.flat()]
}

/** The commands that a help lists; `help` itself needs no section. */
function namesOf(help: string): readonly string[] {
  const list = /^Commands:\n((?: .*\n?)*)/m.exec(help)?.[1] ?? ''
  return Array.from(list.matchAll(/^ {2}([a-z][a-z-]*)/gm), ([, name = '']) => name).filter((name) => name !== 'help')
}
