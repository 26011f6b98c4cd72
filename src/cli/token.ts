import { Command, Option } from 'commander'
import { systemClock } from '../lib/clock.ts'
import { findInteraction } from '../spine/interaction-id.ts'
import { loadConfigOf } from './config-path.ts'
import { endpointOf, loadRegistry, systemOf } from './registry-lookup.ts'
import type { Terminal } from './terminal.ts'
import { type DemoTokenProfile, tokenClaims, tokenProfiles, unsignedToken } from './token-claims.ts'

interface TokenOptions {
  readonly interaction: string
  readonly to: string
  readonly from: string
  readonly profile?: DemoTokenProfile
}

const usualScope = 'patient/*.read'

/** `ssp token`: an audit token for one call of the demo consumer, valid for five minutes, alone on its line. */
export function tokenCommand(terminal: Terminal): Command {
  return new Command('token')
    .description('Print an unsigned audit token (JWT) for one interaction, as GP Connect consumers send it; valid for 5 minutes.')
    .option('--interaction <urn>', 'interaction id', 'urn:nhs:names:services:gpconnect:fhir:rest:read:metadata-1')
    .option('--to <asid>', 'the receiving system, whose registered endpoint the token is for', '918999198993')
    .option('--from <asid>', 'the sending system, for whose organisation the token speaks', '200000000359')
    .addOption(new Option('--profile <name>', "generation of the token, else the interaction's").choices(tokenProfiles))
    .addHelpText('after', '\nExample:\n  curl -H "Authorization: Bearer $(ssp token)" …')
    .action(async ({ interaction: urn, to, from, profile }: TokenOptions, command: Command) => {
      const registry = await loadRegistry(await loadConfigOf(command, terminal))
      const interaction = findInteraction(urn)
      if (interaction === undefined) terminal.error(`the form of ${urn} is not known: the token's scope is ${usualScope}\n`)
      const claims = tokenClaims({
        profile: profile ?? interaction?.profile ?? 'stu3',
        consumer: systemOf(registry, from),
        endpointUrl: endpointOf(registry, to, urn).url,
        scope: interaction?.scope ?? usualScope,
        issuedAt: Math.floor(systemClock.now() / 1000),
      })
      terminal.out(`${unsignedToken(claims)}\n`)
    })
}
