import { Command, InvalidArgumentError, Option } from 'commander'
import {
  type DrillAnswer,
  type Lockout,
  type LockoutKind,
  lockoutKinds,
  longestLockoutSeconds,
  normalisedSelector,
} from '../state/lockouts.ts'
import { CommandFailure } from './command-failure.ts'
import { parseDuration } from './duration.ts'
import { exitCode } from './exit-code.ts'
import { printable } from './printable.ts'
import { reasonOption } from './reason-option.ts'
import { askProxy, failureOf } from './running-proxy.ts'
import type { Terminal } from './terminal.ts'

type Selectors = Readonly<Partial<Record<LockoutKind, string>>>

const optionText: Readonly<Record<LockoutKind, readonly [value: string, what: string]>> = {
  certificate: ['sha256', 'certificate, by the SHA-256 of its DER form in hex'],
  asid: ['asid', 'system, by its ASID of 12 digits'],
  partyKey: ['party-key', 'party key'],
  organisation: ['ods-code', 'organisation, by its ODS code'],
  endpoint: ['cpa-id', "provider's endpoint, by its CPA id"],
  binding: ['sha256:asid', 'certificate as far as it speaks for one system'],
}

const valueForm: Readonly<Record<LockoutKind, string>> = {
  certificate: 'a SHA-256 in 64 hex digits, with or without colons between the bytes',
  asid: 'an ASID, 12 digits',
  partyKey: 'a party key, letters, digits and hyphens',
  organisation: 'an ODS code, letters and digits',
  endpoint: 'a CPA id, letters, digits, hyphens, colons and underscores',
  binding: 'a SHA-256 in 64 hex digits, a colon and an ASID',
}

/** `ssp lockout`: shuts parties out of the running proxy and lets them in again. */
export function lockoutCommand(terminal: Terminal): Command {
  return new Command('lockout')
    .description('List, add, confirm or release lockouts of the running proxy, and time how they reach every node.')
    .addCommand(listCommand(terminal))
    .addCommand(addCommand(terminal))
    .addCommand(confirmCommand(terminal))
    .addCommand(releaseCommand(terminal))
    .addCommand(drillCommand(terminal))
}

function listCommand(terminal: Terminal): Command {
  return new Command('list')
    .description('Print the lockouts in force or proposed, one a line: id, what, until when, by whom, why.')
    .addHelpText('after', '\nExample:\n  ssp lockout list')
    .action(async (_options: unknown, command: Command) => {
      const lockouts = await lockoutsInForce(command, terminal)
      for (const lockout of lockouts) terminal.out(`${lockoutLine(lockout)}\n`)
      if (lockouts.length === 0) terminal.error('nobody is locked out\n')
    })
}

function addCommand(terminal: Terminal): Command {
  return withSelectors(new Command('add'))
    .description('Lock out one certificate, system, party key, organisation or endpoint, at once.')
    .addOption(reasonOption('why, for the audit and the operators').makeOptionMandatory())
    .addOption(new Option('--for <duration>', 'how long, as 30s, 15m, 1h or 7d; else until it is released').argParser(duration))
    .addHelpText('after', '\nExample:\n  ssp lockout add --asid 200000000359 --reason "stolen key, call 4711" --for 1h')
    .action(async ({ reason, for: forSeconds, ...selectors }: Selectors & { reason: string; for?: number }, command: Command) => {
      const { kind, value } = selectorOf(selectors, command)
      const body = { [kind]: value, reason, ...(forSeconds !== undefined && { forSeconds }) }
      const answer = await askProxy(command, terminal, 'POST', '/lockouts', body)
      if (answer.status !== 201) throw failureOf(answer)
      const added = answer.body as Lockout & { readonly warning?: string }
      terminal.out(`${lockoutLine(added)}\n`)
      if (added.warning !== undefined) terminal.error(`${added.warning}\n`)
    })
}

function confirmCommand(terminal: Terminal): Command {
  return new Command('confirm')
    .description('Put a proposed lockout in force; somebody else than who proposed it must.')
    .argument('<id>', 'id of the lockout, as `lockout list` prints it', lockoutId)
    .addHelpText('after', '\nExample:\n  ssp lockout confirm 0f0e4c8c-1e1c-4b7b-9a58-3f1f1c1d1e1f')
    .action(async (id: string, _options: unknown, command: Command) => {
      const answer = await askProxy(command, terminal, 'POST', `/lockouts/${encodeURIComponent(id)}/confirm`)
      if (answer.status !== 200) throw failureOf(answer)
      terminal.out(`${lockoutLine(answer.body as Lockout)}\n`)
    })
}

function drillCommand(terminal: Terminal): Command {
  return new Command('drill')
    .description('Time how long a lockout takes to every node, without locking anybody out; ends with 1 where a node does not answer.')
    .addHelpText('after', '\nExample:\n  ssp lockout drill')
    .action(async (_options: unknown, command: Command) => {
      const answer = await askProxy(command, terminal, 'POST', '/lockouts/drill')
      if (answer.status !== 200) throw failureOf(answer)
      const { nodes } = answer.body as { readonly nodes: readonly DrillAnswer[] }
      for (const { node, milliseconds } of nodes)
        terminal.out(`${printable(node)} ${milliseconds === undefined ? 'no answer' : `${milliseconds.toFixed(1)} ms`}\n`)
      if (nodes.some(({ milliseconds }) => milliseconds === undefined)) throw new CommandFailure(exitCode.negative)
    })
}

function releaseCommand(terminal: Terminal): Command {
  return withSelectors(new Command('release'))
    .description('Release a lockout, named by its id, or every one that names this party.')
    .addOption(reasonOption('why, for the audit'))
    .argument('[id]', 'id of the lockout, as `lockout list` prints it', lockoutId)
    .addHelpText('after', '\nExample:\n  ssp lockout release --asid 200000000359')
    .action(async (id: string | undefined, { reason, ...selectors }: Selectors & { reason?: string }, command: Command) => {
      if (id !== undefined && lockoutKinds.some((kind) => selectors[kind] !== undefined)) {
        command.error('error: name a lockout by its id or by what it locks out, not by both')
      }
      const ids = id === undefined ? await idsOf(selectors, command, terminal) : [id]
      for (const one of ids) {
        const answer = await askProxy(
          command,
          terminal,
          'DELETE',
          `/lockouts/${encodeURIComponent(one)}`,
          reason === undefined ? undefined : { reason },
        )
        if (answer.status !== 200) throw failureOf(answer)
        terminal.out(`released ${lockoutLine(answer.body as Lockout)}\n`)
      }
    })
}

async function idsOf(selectors: Selectors, command: Command, terminal: Terminal): Promise<readonly string[]> {
  const { kind, value } = selectorOf(selectors, command, 'the id of a lockout, or ')
  const lockouts = await lockoutsInForce(command, terminal)
  const ids = lockouts.filter(({ selector }) => selector.kind === kind && selector.value === value).map((lockout) => lockout.id)
  if (ids.length === 0) throw new CommandFailure(exitCode.negative, `no lockout in force names the ${kind} ${value}`)
  return ids
}

async function lockoutsInForce(command: Command, terminal: Terminal): Promise<readonly Lockout[]> {
  const answer = await askProxy(command, terminal, 'GET', '/lockouts')
  if (answer.status !== 200) throw failureOf(answer)
  return (answer.body as { readonly lockouts: readonly Lockout[] }).lockouts
}

function withSelectors(command: Command): Command {
  for (const kind of lockoutKinds) {
    const [value, what] = optionText[kind]
    const others = lockoutKinds.filter((other) => other !== kind)
    command.addOption(new Option(`--${kebab(kind)} <${value}>`, what).conflicts(others))
  }
  return command
}

/** The one party that the options name, in the form that lockouts are kept in; `otherwise` is what might be named in its place. */
function selectorOf(selectors: Selectors, command: Command, otherwise = ''): { readonly kind: LockoutKind; readonly value: string } {
  const kind = lockoutKinds.find((one) => selectors[one] !== undefined)
  if (kind === undefined) return command.error(`error: name ${otherwise}one of ${lockoutKinds.map((one) => `--${kebab(one)}`).join(', ')}`)
  const selector = normalisedSelector(kind, selectors[kind] ?? '')
  return selector ?? command.error(`error: --${kebab(kind)} must be ${valueForm[kind]}`)
}

function lockoutLine({ id, selector, effect, state, until, author, reason }: Lockout): string {
  const end = until === undefined ? 'until released' : `until ${new Date(until).toISOString()}`
  const marks = `${state === 'proposed' ? 'proposed ' : ''}${effect === 'slow' ? 'slow ' : ''}`
  return `${id} ${marks}${kebab(selector.kind)} ${selector.value} ${end} by ${author}: ${reason}`
}

function kebab(kind: string): string {
  return kind.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)
}

function duration(text: string): number {
  const seconds = parseDuration(text)
  if (seconds === undefined) throw new InvalidArgumentError('Write a number and s, m, h or d, as in 90s, 15m, 1h or 7d.')
  if (seconds > longestLockoutSeconds) throw new InvalidArgumentError('A lockout of more than a hundred years lasts until it is released.')
  return seconds
}

function lockoutId(given: string): string {
  if (given.trim() !== '') return given
  throw new InvalidArgumentError('Give an id.')
}
