/** A registry file that cannot be read as a whole; the load ends there. `place` is `file` or `file:line`. */
export class UnreadableFile extends Error {
  override readonly name = 'UnreadableFile'
  readonly place: string
  constructor(place: string, message: string) {
    super(message)
    this.place = place
  }
}

/** Puts the failure to open or read a file into words; what it cannot explain it names by its code. */
export function unreadable(file: string, error: unknown): UnreadableFile {
  if (error instanceof UnreadableFile) return error
  const code = (error as NodeJS.ErrnoException | undefined)?.code
  switch (code) {
    case 'ENOENT':
    case 'ENOTDIR':
      return new UnreadableFile(file, 'does not exist')
    case 'EACCES':
    case 'EPERM':
      return new UnreadableFile(file, 'may not be read by this user')
    case 'EISDIR':
      return new UnreadableFile(file, 'is a directory, not a file')
    default:
      return new UnreadableFile(file, `cannot be read (${code ?? String(error)})`)
  }
}
