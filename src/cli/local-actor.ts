/** Who runs a command, as the audit writes it where no proxy takes the record: `cli:` and the number of the user. */
export function localActor(): string {
  return `cli:${process.getuid?.() ?? 'unknown'}`
}
