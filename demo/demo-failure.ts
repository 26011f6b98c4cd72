import { ConfigRejected } from '../src/app/config-rejected.ts'
import { StartRefused } from '../src/app/start-refused.ts'

/** How the demo ends that cannot begin: sentences for stderr, and the exit code (78: the settings or what is around them; 1: anything else). */
export interface DemoFailure {
  readonly message: string
  readonly exitCode: 1 | 78
}

/** The variables that move the demo's ports, by the port's part. */
const movedBy = {
  data: { variable: 'SSP_LISTENER__PORT', part: 'the proxy' },
  operators: { variable: 'SSP_OPERATORS__PORT', part: 'the operators’ port' },
  provider: { variable: 'SSP_DEMO_PROVIDER_PORT', part: 'the demo provider' },
} as const

/** The ports that the demo wants. */
export interface DemoPorts {
  readonly data: number
  readonly operators: number
  readonly provider: number
}

/** Says in a sentence or two why the demo could not start. */
export function explainFailure(error: unknown, ports: DemoPorts): DemoFailure {
  if (error instanceof ConfigRejected) return { message: error.message, exitCode: 78 }
  if (error instanceof StartRefused) {
    const port = Number(/\bport (\d+) .*is taken/.exec(error.message)?.[1])
    return { message: Number.isNaN(port) ? error.message : portRefused(port, 'EADDRINUSE', ports), exitCode: 78 }
  }
  const refused = refusedPort(error)
  if (refused !== undefined) return { message: portRefused(refused.port, refused.code, ports), exitCode: 78 }
  const message = error instanceof Error ? error.message : String(error)
  return { message: `The demo could not start: ${message}`, exitCode: 1 }
}

/** The port that could not be listened on, wherever in the chain of causes it stands. */
function refusedPort(error: unknown): { readonly port: number; readonly code: 'EADDRINUSE' | 'EACCES' } | undefined {
  let current = error as Partial<NodeJS.ErrnoException & { port: number }> | null | undefined
  for (let depth = 0; depth < 8 && typeof current === 'object' && current !== null; depth += 1) {
    const { code, port, message } = current
    if (code === 'EADDRINUSE' || code === 'EACCES') return { port: port ?? Number(/:(\d+)$/.exec(message ?? '')?.[1] ?? 0), code }
    current = current.cause as typeof current
  }
  return undefined
}

function portRefused(port: number, code: 'EADDRINUSE' | 'EACCES', ports: DemoPorts): string {
  const who = (Object.keys(ports) as (keyof DemoPorts)[]).find((name) => ports[name] === port)
  const why = code === 'EADDRINUSE' ? 'is taken by another program: stop that one, or' : 'may not be opened by this user:'
  if (who === undefined) return `Port ${port} ${why} change the settings, and start again.`
  const { variable, part } = movedBy[who]
  return `Port ${port}, which ${part} needs, ${why} give another: ${variable}=${port > 60_000 ? port - 1000 : port + 1000} npm start`
}
