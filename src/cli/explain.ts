import { X509Certificate } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { resolve } from 'node:path'
import { text } from 'node:stream/consumers'
import { Command, InvalidArgumentError, Option } from 'commander'
import { explainOffline, judgeOffline } from '../app/explain-offline.ts'
import type { LoadedConfig } from '../app/load-config.ts'
import { type Clock, systemClock } from '../lib/clock.ts'
import { instantOf } from '../lib/instant.ts'
import { isHostName } from '../pki/certificate-names.ts'
import type { Registry } from '../registry/registry.ts'
import type { CertificateVerdict } from '../spine/arrival.ts'
import { CommandFailure } from './command-failure.ts'
import { loadConfigOf } from './config-path.ts'
import { CurlLineUnreadable, readCurlLine } from './curl-line.ts'
import { exitCode } from './exit-code.ts'
import { explanationJson, explanationText, refusalIn } from './explanation-text.ts'
import { type AskedCall, type ExplainOptions, plainCall } from './plain-call.ts'
import { loadRegistry } from './registry-lookup.ts'
import type { Terminal } from './terminal.ts'

/** `ssp explain`: one hypothetical call, put to every check of the list that a running proxy goes by; nothing is sent. */
export function explainCommand(terminal: Terminal): Command {
  return new Command('explain')
    .description('Say what each check would make of a call, without sending it; ends with 1 where it would be refused.')
    .option('--from <asid>', 'the sending system', '200000000359')
    .option('--to <asid>', 'the receiving system', '918999198993')
    .option('--interaction <urn>', 'interaction id', 'urn:nhs:names:services:gpconnect:fhir:rest:read:metadata-1')
    .option('--method <method>', "the method, else the interaction's")
    .option('--url <url>', "the provider's URL, else the one that is registered, with the interaction's path behind it")
    .option('--header <line>', 'a further header, or another value for one, "Name: value"; may be given again', collected, [])
    .option('--token <jwt>', 'the audit token, else one as ssp token makes it')
    .addOption(
      new Option('--curl <file>', 'a saved curl command in the place of all of these; - reads it from stdin').conflicts([
        ...['from', 'to', 'interaction', 'method', 'url', 'header', 'token'],
      ]),
    )
    .option('--certificate <file>', "PEM file of the consumer's certificate, with its intermediates")
    .addOption(new Option('--fqdn <name>', 'a good certificate of this name, whichever it is').argParser(fqdn).conflicts('certificate'))
    .addOption(new Option('--at <time>', 'the moment of the call: 2026-11-26 or 2026-11-26T09:00Z, else now').argParser(moment))
    .option('--json', 'as JSON')
    .addHelpText(
      'after',
      '\nLockouts, rates that are used up, and certificates that were revoked by lists fetched since are known to a running proxy alone.\n\nExamples:\n  ssp explain --fqdn consumer.thirdparty.nhs.uk --interaction urn:nhs:names:services:gpconnect:fhir:rest:search:patient-1\n  ssp explain --curl call.sh',
    )
    .action(async (options: ExplainOptions, command: Command) => {
      const loaded = await loadConfigOf(command, terminal)
      const registry = await loadRegistry(loaded)
      const clock = clockAt(options.at)
      const call = options.curl === undefined ? plainCall(options, registry, clock) : await savedCall(options, terminal, registry, clock)
      const certificate = await certificateOf(options, call, loaded, terminal, clock)
      const findings = explainOffline(loaded, registry, clock, { ...call, certificate })
      terminal.out(options.json === true ? explanationJson(call, findings) : explanationText(call, findings))
      if (refusalIn(findings) !== undefined) throw new CommandFailure(exitCode.negative, '')
    })
}

function collected(value: string, before: readonly string[]): readonly string[] {
  if (!/^\s*[^\s:]+\s*:/.test(value)) throw new InvalidArgumentError('Give "Name: value", or "Name:" for none.')
  return [...before, value]
}

/** A name that some certificate could be known by. */
function fqdn(given: string): string {
  if (!isHostName(given)) throw new InvalidArgumentError('Give a whole DNS name, without wildcards.')
  return given.toLowerCase()
}

function moment(given: string): number {
  const at = instantOf(given)
  if (at === undefined) throw new InvalidArgumentError('Give a date, or a date and time with its zone, as 2026-11-26T09:00Z.')
  return at
}

function clockAt(at: number | undefined): Clock {
  return at === undefined ? systemClock : { ...systemClock, now: () => at }
}

async function savedCall(
  { curl = '', interaction, to, from }: ExplainOptions,
  terminal: Terminal,
  registry: Registry,
  clock: Clock,
): Promise<AskedCall> {
  const saved = curl === '-' ? text(process.stdin) : readFile(resolve(terminal.workingDirectory, curl), 'utf8')
  const line = await saved.catch((error: NodeJS.ErrnoException) => {
    throw new CommandFailure(exitCode.usage, `${curl} cannot be read (${error.code})`)
  })
  try {
    const { headers, ...call } = readCurlLine(line)
    const value = (name: string): string | undefined => headers.find(([one]) => one.toLowerCase() === name)?.[1]
    // A token and a trace id that the shell would make, or has in a variable, are made here.
    const made = () =>
      plainCall(
        { header: [], from: value('ssp-from') ?? from, to: value('ssp-to') ?? to, interaction: value('ssp-interactionid') ?? interaction },
        registry,
        clock,
      )
    const ownOf = (wanted: string) => made().headers.find(([name]) => name.toLowerCase() === wanted)?.[1] ?? ''
    return {
      ...call,
      headers: headers.map(([name, given]) => {
        const lower = name.toLowerCase()
        const isMade = (lower === 'authorization' || lower === 'ssp-traceid') && /\$[({\w]/.test(given)
        return [name, isMade ? ownOf(lower) : given] as const
      }),
    }
  } catch (error) {
    if (error instanceof CurlLineUnreadable) throw new CommandFailure(exitCode.usage, `${curl}: ${error.message}`)
    throw error
  }
}

/** Judged by the anchors and lists of the settings, where a file is named; a good one of that name, where a name is. */
async function certificateOf(
  { certificate, fqdn }: ExplainOptions,
  call: AskedCall,
  loaded: LoadedConfig,
  { workingDirectory }: Terminal,
  clock: Clock,
): Promise<CertificateVerdict> {
  const named = certificate ?? call.certificate
  if (fqdn !== undefined) {
    const unknown = '0'.repeat(64)
    return {
      kind: 'good',
      certificate: {
        sha256: unknown,
        publicKeySha256: unknown,
        subject: `any good certificate of ${fqdn}`,
        names: [fqdn],
        notAfter: clock.now(),
      },
    }
  }
  if (named === undefined) return { kind: 'none' }
  const pem = await readFile(resolve(workingDirectory, named), 'utf8').catch((error: NodeJS.ErrnoException) => {
    throw new CommandFailure(exitCode.usage, `${named} cannot be read (${error.code})`)
  })
  const [leaf, ...presentedIssuers] = (pem.match(/-----BEGIN CERTIFICATE-----[^-]*-----END CERTIFICATE-----/g) ?? []).map(
    (one) => new X509Certificate(one),
  )
  if (leaf === undefined) throw new CommandFailure(exitCode.usage, `${named} holds no certificate in PEM`)
  return await judgeOffline(loaded, { leaf, presentedIssuers }, clock.now())
}
