import type { FromWorker, Notice } from './messages.ts'

/** A worker's questions whether it has been told of every lockout. */
export interface LockoutsQuestion {
  /** Resolves once the control process, which asks other nodes where there are any, has told what it knows; later, where it does not answer. Never rejects. */
  ask(): Promise<void>
  /** Takes an answer. What was told before it has been taken. */
  take(message: Extract<Notice, { readonly type: 'told-lockouts' }>): void
}

/** Makes them. */
export function createLockoutsQuestion(send: (message: FromWorker) => void): LockoutsQuestion {
  const waiting = new Map<number, () => void>()
  let last = 0
  return {
    ask() {
      const question = ++last
      return new Promise((resolve) => {
        waiting.set(question, resolve)
        send({ type: 'ask-lockouts', question })
      })
    },
    take({ question }) {
      // The answer to a later question answers those before it.
      for (const [asked, resolve] of waiting) {
        if (asked > question) continue
        waiting.delete(asked)
        resolve()
      }
    },
  }
}
