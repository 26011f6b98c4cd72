/** Ends the demo on Ctrl-C and SIGTERM; who asks again a second later does not want to wait for it. */
export function stopOnSignals(stopping: AbortController): void {
  let askedAt: number | undefined
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.on(signal, () => {
      // Under npm a Ctrl-C arrives twice at once: from the terminal and from npm.
      if (askedAt !== undefined && performance.now() - askedAt > 1000) process.exit(130)
      askedAt ??= performance.now()
      stopping.abort()
    })
  }
}

/**
 * Ends the demo when the `npm start` that began it is gone: npm hands a SIGTERM to the shell between them, which dies without passing it on,
 * and the ports would stay taken by a program that nobody sees.
 */
export function stopWithNpm(stopping: AbortController): void {
  if (process.env['npm_lifecycle_event'] !== 'start') return
  const parent = process.ppid
  const watch = setInterval(() => {
    if (process.ppid === parent) return
    clearInterval(watch)
    stopping.abort()
  }, 500)
  watch.unref()
}
