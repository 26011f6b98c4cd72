/** Why a write failed, in words for the log and the operators. */
export function writeFault(error: unknown): string {
  const { code, message } = error as NodeJS.ErrnoException
  if (code === 'ENOSPC' || code === 'EDQUOT') return `the disk is full (${code})`
  return message ?? String(error)
}
