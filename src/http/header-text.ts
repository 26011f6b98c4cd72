/** Header lines (name, value, name, value …) as they go on the wire, each with its CRLF. Whoever gives them answers for what is in them: nothing is looked at here. */
export function headerText(lines: readonly string[]): string {
  let text = ''
  for (let i = 0; i + 1 < lines.length; i += 2) text += `${lines[i]}: ${lines[i + 1]}\r\n`
  return text
}
