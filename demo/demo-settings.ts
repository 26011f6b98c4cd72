import { ConfigRejected } from '../src/app/config-rejected.ts'
import { loadConfig } from '../src/app/load-config.ts'
import { world } from './demo-calls.ts'
import type { DemoPorts } from './demo-failure.ts'

type Environment = Readonly<Record<string, string | undefined>>

/** What the demo runs with. */
export interface DemoSettings {
  readonly ports: DemoPorts
  /** What the proxy's own settings are to see of the environment: the demo's variable taken out, the provider's port put in. */
  readonly environment: Environment
}

const ownVariable = 'SSP_DEMO_PROVIDER_PORT'
const dialled = `${world.provider.name}:443`

/**
 * The ports of the settings file with the environment's changes; `SSP_DEMO_PROVIDER_PORT` moves the demo provider, and the proxy dials it there.
 * Rejects with `ConfigRejected`.
 */
export async function demoSettings(configFile: string, given: Environment): Promise<DemoSettings> {
  const { [ownVariable]: asked, ...rest } = given
  const environment: Record<string, string | undefined> = { ...rest }
  if (asked !== undefined && asked !== '') {
    if (!/^\d{1,5}$/.test(asked) || Number(asked) < 1 || Number(asked) > 65_535)
      throw new ConfigRejected([{ place: ownVariable, message: 'must be a port, 1 to 65535' }])
    environment['SSP_FORWARDING__DIAL_OVERRIDES'] = JSON.stringify({ [dialled]: `127.0.0.1:${asked}` })
  }
  // The report is what a person wants to read here; warnings, such as the one about the dialled address, stand in /readyz?verbose too.
  environment['SSP_LOGGING__LEVEL'] ??= 'error'
  const { config } = await loadConfig(configFile, environment)
  const address = config.forwarding.dialOverrides[dialled]
  if (address === undefined)
    throw new ConfigRejected([{ place: configFile, message: `forwarding.dialOverrides does not say where ${dialled} is to be found` }])
  const provider = Number(address.slice(address.lastIndexOf(':') + 1))
  return { ports: { data: config.listener.port, operators: config.operators.port, provider }, environment }
}
