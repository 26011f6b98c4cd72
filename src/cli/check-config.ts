import { resolve } from 'node:path'
import { Command } from 'commander'
import type { LoadedConfig } from '../app/load-config.ts'
import { openKeyFiles } from '../app/open-key-files.ts'
import { capacityRules } from '../forwarding/gate-rules.ts'
import { observedUnder } from '../proxy/admission.ts'
import { loadConfigOf } from './config-path.ts'
import type { Terminal } from './terminal.ts'

/** `ssp check-config`: reads the settings as `serve` would, opens nothing that they name, and says what they amount to, and which private keys others can read. */
export function checkConfigCommand(terminal: Terminal): Command {
  return new Command('check-config')
    .description('Check the settings file and the environment; print a summary, or every problem with its place.')
    .addHelpText('after', '\nExample:\n  ssp check-config --config config/production.example.yaml')
    .action(async (_options: unknown, command: Command) => {
      const loaded = await loadConfigOf(command, terminal)
      const lines = [...summaryOf(loaded), ...(await openKeyFiles(loaded)).map((text) => ['warning', text] as const)]
      terminal.out(`OK ${loaded.file}\n${lines.map(([name, text]) => `  ${name.padEnd(14)}${text}\n`).join('')}`)
    })
}

function summaryOf({ config, version, baseDir }: LoadedConfig): readonly (readonly [name: string, text: string])[] {
  const { listener, operators, forwarding, registry, trust } = config
  const { capacity, breaker, connectionsPerProvider } = forwarding
  const observed = [...observedUnder(config.checks), ...capacityRules(capacity, breaker, connectionsPerProvider).observing]
  const dialled = Object.entries(forwarding.dialOverrides).map(([provider, address]) => `${provider} at ${address}`)
  return [
    ['version', version],
    ['environment', config.environment],
    ['consumers', hostAndPort(listener)],
    ['operators', hostAndPort(operators)],
    ['registry', registry.files.map((file) => resolve(baseDir, file)).join(', ')],
    ['revocation', revocationText(trust)],
    ['data', resolve(baseDir, config.dataDirectory)],
    ['only observed', observed.length === 0 ? 'nothing: all is enforced' : observed.join(', ')],
    ...dialled.map((override) => ['dial override', override] as const),
  ]
}

function revocationText({ crls, crlUrls, fetchFromAuthorities, requireCrl, ocsp }: LoadedConfig['config']['trust']): string {
  const sources = [
    ...(crls.length > 0 ? [`${crls.length} revocation ${crls.length === 1 ? 'file' : 'files'}`] : []),
    ...(crlUrls.length > 0 ? [`${crlUrls.length} fetched ${crlUrls.length === 1 ? 'list' : 'lists'}`] : []),
    ...(fetchFromAuthorities ? ['what the authorities name'] : []),
    ...(ocsp.mode === 'off' ? [] : [`OCSP (${ocsp.mode})`]),
  ]
  if (sources.length > 0) return sources.join(', ')
  return requireCrl === true ? 'every certificate is refused: a list is required and none is named' : 'not checked: no list is named'
}

function hostAndPort({ host, port }: { readonly host: string; readonly port: number }): string {
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`
}
