/** Ways to set text off; each returns the text unchanged where colours are not wanted. */
export interface Style {
  bold(text: string): string
  faint(text: string): string
  good(text: string): string
  bad(text: string): string
  accent(text: string): string
}

const csi = '\u001b['

/** Colours for a terminal that shows them: a TTY, unless NO_COLOR is set to anything (no-color.org) or TERM is dumb. */
export function styleFor(stream: { readonly isTTY?: boolean }, environment: Readonly<Record<string, string | undefined>>): Style {
  const colours = stream.isTTY === true && (environment['NO_COLOR'] ?? '') === '' && environment['TERM'] !== 'dumb'
  const paint = (code: number) => (text: string) => (colours ? `${csi}${code}m${text}${csi}0m` : text)
  return { bold: paint(1), faint: paint(2), good: paint(32), bad: paint(31), accent: paint(36) }
}
