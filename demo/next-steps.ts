import { searchPatient, world } from './demo-calls.ts'
import type { Style } from './style.ts'

/** What the printed commands depend on. */
export interface DemoAddress {
  readonly dataPort: number
  readonly opsPort: number
  /** The folder of certificates as the reader's shell sees it. */
  readonly certificates: string
  /** A UUID for the trace. */
  readonly traceId: string
}

/** A `curl` command that makes the demo's first call: several lines, ready for a POSIX shell in the project's folder. */
export function curlCommand({ dataPort, certificates, traceId }: DemoAddress, certificate = 'consumer'): string {
  const file = (name: string) => shellQuoted(`${certificates}/${name}`)
  return [
    'curl --path-as-is --include',
    `--cacert ${file('ca.pem')} --cert ${file(`${certificate}.pem`)} --key ${file(`${certificate}.key`)}`,
    `-H "Authorization: Bearer $(npx ssp token --interaction ${searchPatient.interaction})"`,
    `-H 'Ssp-TraceID: ${traceId}'`,
    `-H 'Ssp-From: ${world.consumer.asid}' -H 'Ssp-To: ${world.provider.asid}'`,
    `-H 'Ssp-InteractionID: ${searchPatient.interaction}'`,
    `'https://localhost:${dataPort}/${world.provider.serviceRoot}${searchPatient.path}'`,
  ].join(' \\\n  ')
}

/** What a person can do next, while the demo runs. */
export function nextSteps(address: DemoAddress, style: Style): string {
  const { opsPort, certificates } = address
  const bad = ['bad-expired', 'bad-revoked', 'bad-fqdn', 'bad-authority', 'bad-eku']
  const step = (title: string, ...lines: readonly string[]) => [style.bold(title), ...lines, ''].join('\n')
  return [
    step('Make the same call yourself (in this folder, in another terminal):', '', curlCommand(address)),
    step(
      'See it refused: put one of these in place of "consumer" in --cert and --key:',
      `  ${bad.map((name) => style.accent(name)).join('  ')}`,
      '  or leave --cert and --key out: 496. Change a header, the host, or the path: the answer says what is wrong.',
    ),
    step(
      'Look behind it:',
      `  ${style.accent('npx ssp audit verify')}   shows that no audit record was changed or taken out`,
      `  ${style.accent('npx ssp describe')}       lists the checks in their order, with every refusal`,
      `  ${style.accent('npx ssp status')}         asks the running proxy`,
      `  ${style.accent(`curl --cacert ${shellQuoted(`${certificates}/ca.pem`)} 'https://localhost:${opsPort}/readyz?verbose'`)}`,
    ),
  ].join('\n')
}

/** A text as one word of a POSIX shell. */
export function shellQuoted(text: string): string {
  return /^[A-Za-z0-9_./:@%+=-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`
}
