/**
 * Trust material that cannot be used. The message has one line for each problem and names the file; what was in force before stays
 * in force.
 */
export class PkiRejected extends Error {
  override readonly name = 'PkiRejected'
  readonly problems: readonly string[]

  constructor(problems: readonly string[]) {
    super(`The trust material cannot be used:\n${problems.map((problem) => `  ${problem}`).join('\n')}`)
    this.problems = problems
  }
}
