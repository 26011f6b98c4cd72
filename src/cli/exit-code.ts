/** How a command ends, for scripts; 64 and up are those of BSD's sysexits. */
export const exitCode = {
  ok: 0,
  /** The question was answered, with no. */
  negative: 1,
  /** The command line is wrong. */
  usage: 64,
  /** A running proxy is needed and none answers; or the audit trail or its index cannot be had. */
  unavailable: 69,
  /** The settings, or the Node that runs this, cannot be used. */
  configuration: 78,
} as const

/** One of them. */
export type ExitCode = (typeof exitCode)[keyof typeof exitCode]
