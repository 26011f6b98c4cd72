// The consumers of the benchmark, in a process of their own. Argument: folder of the certificates. Told what to do by messages.
import { ClosedLoop } from './closed-loop.ts'
import { ConstantRate } from './constant-rate.ts'
import { consumerContext } from './consumer-context.ts'
import type { LoadCommand, LoadReply } from './load-job.ts'

const [directory = ''] = process.argv.slice(2)
const secureContexts = {
  consumer: consumerContext(directory),
  stranger: consumerContext(directory, 'stranger'),
  nobody: consumerContext(directory, 'nobody'),
}
let loop: ClosedLoop | undefined
let pace: ConstantRate | undefined

async function obey(command: LoadCommand): Promise<LoadReply> {
  switch (command.kind) {
    case 'aim':
      loop?.close()
      pace?.close()
      pace = new ConstantRate(command.target, secureContexts[command.target.as ?? 'consumer'])
      loop = new ClosedLoop(command.target, secureContexts[command.target.as ?? 'consumer'])
      return { kind: 'ready' }
    case 'run':
      if (loop === undefined) return { kind: 'failed', reason: 'there is no target' }
      return { kind: 'ran', result: await loop.run(command.requests) }
    case 'pace':
      if (pace === undefined) return { kind: 'failed', reason: 'there is no target' }
      return { kind: 'paced', result: await pace.run(command.perSecond, command.seconds) }
    case 'close':
      loop?.close()
      pace?.close()
      loop = undefined
      pace = undefined
      return { kind: 'ready' }
  }
}

process.on('message', (command: LoadCommand) => {
  obey(command).then(
    (reply) => process.send?.(reply),
    (error: unknown) => process.send?.({ kind: 'failed', reason: error instanceof Error ? error.message : 'unknown' } satisfies LoadReply),
  )
})
process.on('disconnect', () => process.exit())
