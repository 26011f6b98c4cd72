import type { ExitCode } from './exit-code.ts'

/** A command did not succeed: how it ends, and the sentence for stderr (empty where everything has been said on stdout). */
export class CommandFailure extends Error {
  override readonly name = 'CommandFailure'
  readonly exitCode: ExitCode
  constructor(code: ExitCode, message = '') {
    super(message)
    this.exitCode = code
  }
}
