/** All that a command knows of the world outside: where to write, and what surrounds it. */
export interface Terminal {
  /** Writes a result to stdout, as it is. */
  readonly out: (text: string) => void
  /** Resolves once stdout keeps up with what was written: whoever writes much waits for it. Absent where nothing is ever behind. */
  readonly caughtUp?: () => Promise<unknown>
  /** Writes anything else to stderr, as it is. */
  readonly error: (text: string) => void
  readonly environment: Readonly<Record<string, string | undefined>>
  /** The working directory, absolute. */
  readonly workingDirectory: string
  /** The folder that holds the program's `config` folder and `package.json`, absolute. */
  readonly packageDirectory: string
}
