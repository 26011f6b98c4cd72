import { Command } from 'commander'
import type { CircuitAct, GateState } from '../forwarding/gate-state.ts'
import { reasonOption } from './reason-option.ts'
import { askProxy, failureOf } from './running-proxy.ts'
import type { Terminal } from './terminal.ts'

/** `ssp breaker`: the circuits in front of providers, of the running proxy. */
export function breakerCommand(terminal: Terminal): Command {
  return new Command('breaker')
    .description('List the circuits in front of providers, or hold one open or closed; a hold ends with its release and outlives restarts.')
    .addCommand(listCommand(terminal))
    .addCommand(actCommand(terminal, 'hold-open', 'Let no call through to a provider, whatever it answers.'))
    .addCommand(actCommand(terminal, 'hold-closed', 'Let calls through to a provider, however many fail.'))
    .addCommand(actCommand(terminal, 'release', 'Let the circuit to a provider open and close by itself again.'))
}

function listCommand(terminal: Terminal): Command {
  return new Command('list')
    .description('Print the providers that are known, one a line: host, circuit, learned limit, calls under way and waiting.')
    .option('--all', 'those too whose circuit is closed')
    .addHelpText('after', '\nExample:\n  ssp breaker list --all')
    .action(async ({ all }: { all?: true }, command: Command) => {
      const answer = await askProxy(command, terminal, 'GET', '/circuits')
      if (answer.status !== 200) throw failureOf(answer)
      const circuits = circuitsOf(answer.body)
      const shown = circuits.filter(({ circuit }) => all === true || circuit !== 'closed')
      for (const one of shown) terminal.out(`${circuitLine(one)}\n`)
      if (circuits.length === 0) terminal.error('no provider has been called yet\n')
      else if (shown.length === 0) terminal.error('every circuit is closed: --all lists them\n')
    })
}

function actCommand(terminal: Terminal, act: CircuitAct, description: string): Command {
  return new Command(act)
    .description(description)
    .requiredOption('--host <host>', 'host of the provider, as it is registered')
    .addOption(reasonOption('why, for the audit').makeOptionMandatory())
    .addHelpText('after', `\nExample:\n  ssp breaker ${act} --host provider.thirdparty.nhs.uk --reason "planned works, call 4712"`)
    .action(async (options: { host: string; reason: string }, command: Command) => {
      const answer = await askProxy(command, terminal, 'POST', `/circuits/${act}`, options)
      if (answer.status !== 200) throw failureOf(answer)
      for (const one of circuitsOf(answer.body)) terminal.out(`${circuitLine(one)}\n`)
    })
}

function circuitsOf(body: unknown): readonly GateState[] {
  return (body as { readonly circuits: readonly GateState[] }).circuits
}

function circuitLine({ host, circuit, opensInMs, limit, inFlight, waiting }: GateState): string {
  const when = circuit === 'open' ? ` (tried again in ${Math.ceil(opensInMs / 1000)} s)` : ''
  return `${host} ${circuit}${when} limit ${limit}, ${inFlight} under way, ${waiting} waiting`
}
