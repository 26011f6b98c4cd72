/** One thing that is wrong with the settings, and where: `file:line:column`, or the environment variable's name. */
export interface SettingProblem {
  readonly place: string
  readonly message: string
}

/** The settings cannot be used; holds everything that was found wrong with them, in the order of the file. */
export class ConfigRejected extends Error {
  override readonly name = 'ConfigRejected'
  readonly problems: readonly SettingProblem[]
  constructor(problems: readonly SettingProblem[]) {
    super(problems.map(({ place, message }) => `${place}: ${message}`).join('\n'))
    this.problems = problems
  }
}
