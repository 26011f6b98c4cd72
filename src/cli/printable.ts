/** The text without what would steer a terminal: callers, and whoever writes a file that is read, chose parts of it. */
export function printable(line: string): string {
  return line.replaceAll(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/gu, '\ufffd')
}
