import type { Evidence, Judgement, LockoutRules } from './lockout-rules.ts'
import type { KeptEvidence, SharedEvidence } from './shared-evidence.ts'

/** Evidence at work: counted here, and told to the other nodes. */
export interface EvidenceSharing {
  /** Takes a piece of evidence and waits for nothing. */
  suspected(evidence: Evidence): void
  /** What a judgement asked for is done. */
  acted(judgement: Judgement): void
  /** Ends the telling. */
  close(): void
}

/** What evidence is shared with. */
export interface SharingParts {
  /** Those in force. */
  readonly rules: () => LockoutRules
  /** Of the rules in force. */
  readonly kept: () => KeptEvidence
  readonly shared: SharedEvidence
  /** Monotonic ms. */
  readonly elapsed: () => number
  /** Told of what rules come to. Must not throw. */
  readonly judged: (judgement: Judgement) => void
}

/** What comes at once goes in one operation. */
const gatherMs = 20
/** Between two operations: usually, where a threshold is near or more is left than one operation takes, and where there is nothing to tell but the others may lose what they were told. */
const usualMs = 1_000
const pressingMs = 100
const lookMs = 10_000
/** Not more statements in one operation: it must stay short, Redis does one thing at a time. */
const mostAtOnce = 64

/** Puts rules to work with what other nodes count. What is to be done is found by whichever node tells of the last piece that it takes, or sees it itself before. */
export function createEvidenceSharing({ rules, kept, shared, elapsed, judged }: SharingParts): EvidenceSharing {
  let timer: NodeJS.Timeout | undefined
  let firesAt = Number.POSITIVE_INFINITY
  let askedAt = Number.NEGATIVE_INFINITY
  let countedAt = Number.NEGATIVE_INFINITY
  let underway = false
  /** The last operation was answered, and took all statements that it was given. */
  let answered = true
  let whole = true
  let closed = false

  /** When the next operation is due (monotonic ms); infinite where none is. */
  function due(now: number): number {
    const { untold, presses } = rules()
    const soon = answered && (presses || !whole || untold > mostAtOnce)
    if (untold > 0) return Math.max(now + gatherMs, askedAt + (soon ? pressingMs : usualMs))
    return now - countedAt <= kept().keepMs ? askedAt + lookMs : Number.POSITIVE_INFINITY
  }

  function plan(): void {
    if (!shared.shared || underway || closed) return
    const now = elapsed()
    const at = due(now)
    if (at >= firesAt) return
    clearTimeout(timer)
    firesAt = at
    if (at !== Number.POSITIVE_INFINITY) timer = setTimeout(() => void exchange(), Math.max(0, at - now)).unref()
  }

  async function exchange(): Promise<void> {
    firesAt = Number.POSITIVE_INFINITY
    underway = true
    const asked = rules()
    const statements = asked.tell(mostAtOnce, elapsed())
    const answer = await shared.exchange(statements, kept())
    askedAt = elapsed()
    underway = false
    answered = answer !== undefined
    whole = answer === undefined || answer.told === statements.length
    if (closed) return
    if (answer !== undefined) {
      asked.told(statements.slice(0, answer.told), askedAt)
      for (const judgement of asked.hear(answer.heard, askedAt)) judged(judgement)
    }
    plan()
  }

  const forget = shared.onLost(() => {
    rules().tellAll(elapsed())
    plan()
  })

  return {
    suspected(evidence) {
      countedAt = elapsed()
      for (const judgement of rules().judge(evidence, countedAt)) judged(judgement)
      plan()
    },
    acted(judgement) {
      rules().acted(judgement, elapsed())
      plan()
    },
    close() {
      closed = true
      clearTimeout(timer)
      forget()
    },
  }
}
