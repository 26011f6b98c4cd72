// The consumers of the benchmark, in a process of their own. Argument: folder of the certificates. Told what to do by messages.
import type { SecureContext } from 'node:tls'
import { ClosedLoop } from './closed-loop.ts'
import { ConstantRate } from './constant-rate.ts'
import { consumerContext } from './consumer-context.ts'
import { Handshakes } from './handshakes.ts'
import { HeldConnections } from './held-connections.ts'
import type { LoadCommand, LoadReply, LoadTarget } from './load-job.ts'

const [directory = ''] = process.argv.slice(2)
const secureContexts = {
  consumer: consumerContext(directory),
  stranger: consumerContext(directory, 'stranger'),
  nobody: consumerContext(directory, 'nobody'),
}
let loop: ClosedLoop | undefined
let pace: ConstantRate | undefined
let held: HeldConnections | undefined
let handshakes: Handshakes | undefined

function aim(target: LoadTarget, secureContext: SecureContext): void {
  pace = new ConstantRate(target, secureContext)
  loop = new ClosedLoop(target, secureContext)
  held = new HeldConnections(target, secureContext)
  handshakes = new Handshakes(target, secureContext)
}

function close(): void {
  loop?.close()
  pace?.close()
  held?.close()
  loop = undefined
  pace = undefined
  held = undefined
  handshakes = undefined
}

async function obey(command: LoadCommand): Promise<LoadReply> {
  switch (command.kind) {
    case 'aim':
      close()
      aim(command.target, secureContexts[command.target.as ?? 'consumer'])
      return { kind: 'ready' }
    case 'run':
      if (loop === undefined) return { kind: 'failed', reason: 'there is no target' }
      return { kind: 'ran', result: await loop.run(command.requests) }
    case 'pace':
      if (pace === undefined) return { kind: 'failed', reason: 'there is no target' }
      return { kind: 'paced', result: await pace.run(command.perSecond, command.seconds) }
    case 'hold':
      if (held === undefined) return { kind: 'failed', reason: 'there is no target' }
      await held.hold(command.connections)
      return { kind: 'ready' }
    case 'shake':
      if (handshakes === undefined) return { kind: 'failed', reason: 'there is no target' }
      return { kind: 'shook', seconds: await handshakes.run(command.handshakes) }
    case 'close':
      close()
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
