import type { z } from 'zod'

/** What is wrong with an input, in one line: each place, named as `nameOf` says (by default its path), and the sentence about it. Shows no value. */
export function schemaProblems(
  { issues }: Pick<z.ZodError, 'issues'>,
  nameOf: (path: readonly PropertyKey[]) => string = (path) => path.map(String).join('.'),
): string {
  return issues.map(({ path, message }) => (path.length === 0 ? said(message) : `${nameOf(path)}: ${said(message)}`)).join('; ')
}

function said(message: string): string {
  const sentence = message.replace(/^Invalid input: /, '')
  return `${sentence.charAt(0).toLowerCase()}${sentence.slice(1)}`
}
