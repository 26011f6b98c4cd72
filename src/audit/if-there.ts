// One of the files that an auditor can run, and check, without the rest: it imports nothing but Node.
/** What `act` returns; undefined where what it reads is not there (ENOENT). Throws whatever else it throws. */
export function ifThere<T>(act: () => T): T | undefined {
  try {
    return act()
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw error
  }
}
