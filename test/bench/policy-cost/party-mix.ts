import { interactions } from '../../../src/spine/interaction-id.ts'
import { population } from '../../simulate/population.ts'
import { seededRandom } from '../../simulate/seeded-random.ts'

/** How many parties there are. */
export const parties = { consumers: 20_000, providers: 8_000 } as const

/** Who calls whom, one call after another, as numbers of parties. */
export interface PartyMix {
  readonly consumer: Uint16Array
  readonly provider: Uint16Array
}

/** Then they begin again. A power of two. */
export const drawn = 262_144
const seed = 4

/** Consumers and providers skewed as a country's are. */
export function skewedMix(): PartyMix {
  const random = seededRandom(seed)
  const country = population(parties.consumers, parties.providers, seed)
  const consumer = Uint16Array.from({ length: drawn }, () => country.consumer(random))
  return { consumer, provider: consumer.map((one) => country.provider(one, random)) }
}

/** The same parties, each as likely as any other: the worst for every cache. */
export function evenMix(): PartyMix {
  const random = seededRandom(seed)
  return {
    consumer: Uint16Array.from({ length: drawn }, () => random.below(parties.consumers)),
    provider: Uint16Array.from({ length: drawn }, () => random.below(parties.providers)),
  }
}

/** What checks and directory say of the parties; each once, as the directory has them. */
export const consumers = Array.from({ length: parties.consumers }, (_, at) => ({
  certificate: { sha256: at.toString(16).padStart(64, '0') },
  consumer: { asid: String(200_000_000_000 + at), odsCode: `C${at}` },
}))

/** The providers, the same way. */
export const providers = Array.from({ length: parties.providers }, (_, at) => ({
  provider: { asid: String(900_000_000_000 + at), odsCode: `P${at}` },
  endpoint: { odsCode: `P${at}`, host: `provider${at}.example.nhs.uk` },
}))

/** All interactions that are known. */
export const interactionNames: readonly string[] = [...interactions.keys()]
