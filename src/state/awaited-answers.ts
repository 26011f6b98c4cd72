import type { Clock } from '../lib/clock.ts'
import type { DrillAnswer } from './lockouts.ts'

/** Questions to other nodes, and who has answered. */
export interface AwaitedAnswers {
  /** Opens a question asked at `began` (monotonic ms); to be called before it is sent. */
  ask(question: string, began: number): void
  /** Says who must answer. Resolves once all have, or when the time is up, with each one's time from `began`. */
  from(question: string, nodes: readonly string[]): Promise<readonly DrillAnswer[]>
  /** Nobody need answer: it could not be asked. */
  drop(question: string): void
  /** A node has answered. What nobody asked is ignored. */
  answered(question: string, node: string): void
  close(): void
}

interface Question {
  readonly began: number
  readonly times: Map<string, number>
  check: () => void
}

/** More questions at a time than changes can be made: beyond it the oldest is given up. */
const most = 10_000

/** No questions yet. An answer is waited for `withinMs`. */
export function createAwaitedAnswers(clock: Clock, withinMs: number): AwaitedAnswers {
  const questions = new Map<string, Question>()
  const timers = new Set<NodeJS.Timeout>()

  return {
    ask(question, began) {
      questions.set(question, { began, times: new Map(), check: () => undefined })
      if (questions.size > most) questions.delete(questions.keys().next().value as string)
    },
    from(question, nodes) {
      const asked = questions.get(question)
      if (asked === undefined) return Promise.resolve(nodes.map((node) => ({ node })))
      return new Promise((resolve) => {
        const end = (): void => {
          clearTimeout(timer)
          timers.delete(timer)
          questions.delete(question)
          resolve(nodes.map((node) => answerOf(node, asked.times.get(node))))
        }
        const timer = setTimeout(end, withinMs)
        timers.add(timer.unref())
        const check = (): void => {
          if (nodes.every((node) => asked.times.has(node))) end()
        }
        asked.check = check
        check()
      })
    },
    drop: (question) => void questions.delete(question),
    answered(question, node) {
      const asked = questions.get(question)
      if (asked === undefined || asked.times.has(node) || asked.times.size > most) return
      asked.times.set(node, clock.elapsed() - asked.began)
      asked.check()
    },
    close() {
      for (const timer of timers) clearTimeout(timer)
    },
  }
}

function answerOf(node: string, milliseconds: number | undefined): DrillAnswer {
  return milliseconds === undefined ? { node } : { node, milliseconds }
}
