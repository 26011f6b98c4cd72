import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { forkModule } from '../owned-processes.ts'
import type { LoadCommand, LoadReply, LoadResult, LoadTarget, PaceResult } from './load-job.ts'

/** The load generator, as whoever measures sees it. */
export interface Load {
  /** Whom the next runs ask. */
  aim(target: LoadTarget): Promise<void>
  /** Makes that many requests. Rejects when any answer is wrong. */
  run(requests: number): Promise<LoadResult>
  /** Asks at a constant rate for that long. Rejects when any answer is wrong. */
  pace(perSecond: number, seconds: number): Promise<PaceResult>
  /** Opens that many connections, makes one request over each, and keeps them. Rejects when any answer is wrong. */
  hold(connections: number): Promise<void>
  /** Makes that many handshakes, full or resumed as the target has it, and no request; gives the seconds that they took. */
  shake(handshakes: number): Promise<number>
  /** Ends the connections. */
  close(): Promise<void>
}

/** Starts the load generator. */
export function startLoad(certificates: string): Load {
  const child = forkModule(new URL('load-generator.ts', import.meta.url), [certificates])
  return {
    aim: async (target) => void (await tell(child, { kind: 'aim', target })),
    run: async (requests) => {
      const reply = await tell(child, { kind: 'run', requests })
      if (reply.kind !== 'ran') throw new Error('the load generator did not run')
      return reply.result
    },
    pace: async (perSecond, seconds) => {
      const reply = await tell(child, { kind: 'pace', perSecond, seconds })
      if (reply.kind !== 'paced') throw new Error('the load generator did not run')
      return reply.result
    },
    hold: async (connections) => void (await tell(child, { kind: 'hold', connections })),
    shake: async (handshakes) => {
      const reply = await tell(child, { kind: 'shake', handshakes })
      if (reply.kind !== 'shook') throw new Error('the load generator did not run')
      return reply.seconds
    },
    close: async () => void (await tell(child, { kind: 'close' })),
  }
}

async function tell(child: ChildProcess, command: LoadCommand): Promise<LoadReply> {
  const waiting = new AbortController()
  const { signal } = waiting
  try {
    const answered = once(child, 'message', { signal }) as Promise<[LoadReply]>
    const gone = once(child, 'exit', { signal }).then(() => {
      throw new Error('the load generator has ended')
    })
    child.send(command)
    const [reply] = await Promise.race([answered, gone])
    if (reply.kind === 'failed') throw new Error(reply.reason)
    return reply
  } finally {
    waiting.abort()
  }
}
