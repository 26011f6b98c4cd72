import { open } from 'node:fs/promises'
import { interactions as known } from '../../src/spine/interaction-id.ts'
import { type EndpointSpec, ldifEndpoint, ldifSystem, ndjsonEndpoint, ndjsonSystem, type SystemSpec } from './registry-records.ts'

/** What to generate. Equal requests give equal bytes. */
export interface GeneratedRegistry {
  readonly systems: number
  /** Endpoints as the directory counts them, one for each interaction, consumers' registrations among them. */
  readonly endpoints: number
  readonly seed: number
  readonly format: 'ndjson' | 'ldif'
}

const providerSets = [...known.keys()]
const batchSize = 1024 * 1024

/**
 * Writes a directory of the shapes that real ones have: hosted suppliers with one party key for hundreds of practices, hosted suppliers
 * with a party key for each, practices of their own, consumers with 17 to 478 interactions, alone or under a supplier's party key.
 */
export async function generateRegistry(request: GeneratedRegistry, path: string): Promise<void> {
  const file = await open(path, 'w')
  try {
    let batch: string[] = []
    let size = 0
    for (const text of spelled(request)) {
      batch.push(text)
      size += text.length
      if (size < batchSize) continue
      await file.appendFile(batch.join(''))
      batch = []
      size = 0
    }
    await file.appendFile(batch.join(''))
  } finally {
    await file.close()
  }
}

function* spelled(request: GeneratedRegistry): Generator<string> {
  const system = request.format === 'ldif' ? ldifSystem : ndjsonSystem
  const endpoint = request.format === 'ldif' ? ldifEndpoint : ndjsonEndpoint
  for (const record of records(request)) yield 'asid' in record ? system(record) : endpoint(record)
}

/** The records themselves, in an order that mixes systems and endpoints. */
export function* records({ systems, endpoints, seed }: Omit<GeneratedRegistry, 'format'>): Generator<SystemSpec | EndpointSpec> {
  const random = mulberry32(seed)
  const below = (limit: number): number => Math.floor(random() * limit)
  const consumerSets = Array.from({ length: 300 }, (_, n) => interactionSet(n, 17 + Math.floor(random() ** 6 * 462)))
  let systemsLeft = systems
  let endpointsLeft = endpoints
  let number = 0
  const practiceCost = providerSets.length
  while (systemsLeft > 0 || endpointsLeft > 0) {
    number++
    const odsCode = `${'ABCDEFGHJKLMNPRSTUVWY'[number % 21]}${String(10_000 + number)}`
    const isProvider =
      endpointsLeft >= practiceCost &&
      (systemsLeft === 0 || below(Math.max(1, Math.ceil(systemsLeft / (endpointsLeft / practiceCost)))) === 0)
    if (isProvider) {
      const provider = practice(number, odsCode, below)
      if (systemsLeft-- > 0) yield provider.system
      for (const endpoint of provider.endpoints) yield endpoint
      endpointsLeft -= practiceCost
      continue
    }
    const supplier = below(5) === 0 ? undefined : below(200)
    const partyKey = supplier === undefined ? `${odsCode}-${800_000 + (number % 100_000)}` : `Y${10_000 + supplier}-${700_000 + supplier}`
    if (systemsLeft-- > 0)
      yield {
        asid: String(200_000_000_000 + number),
        odsCode,
        partyKey,
        interactions: consumerSets[below(consumerSets.length)]!,
        manufacturer: `Y${below(90) + 10}`,
      }
    if (endpointsLeft <= 0 || (supplier !== undefined && number > 2000)) continue
    endpointsLeft--
    const fqdn = supplier === undefined ? `gpc.${odsCode.toLowerCase()}.nhs.uk` : `consumers.supplier-${supplier}.nhs.uk`
    yield { cpaId: `S${String(number).padStart(12, '0')}`, odsCode, partyKey, fqdn }
  }
}

/** A practice with one system and an endpoint for every interaction of GP Connect, split over the roots that the specification gives. */
function practice(number: number, odsCode: string, below: (limit: number) => number): { system: SystemSpec; endpoints: EndpointSpec[] } {
  const shape = below(10)
  const supplier = below(20)
  const fqdn = shape < 9 ? `gpconnect.hosted-${supplier}.nhs.uk` : `gpc.practice-${number}.nhs.uk`
  const partyKey = shape < 4 ? `Z${10_000 + supplier}-${600_000 + supplier}` : `${odsCode}-${800_000 + (number % 100_000)}`
  const root = `https://${fqdn}/${odsCode}/STU3/1/gpconnect`
  const parts = { structured: [] as string[], documents: [] as string[], rest: [] as string[] }
  for (const id of providerSets)
    parts[id.includes(':documents:') ? 'documents' : id.includes('structured') ? 'structured' : 'rest'].push(id)
  const shared = { odsCode, partyKey, fqdn }
  return {
    system: {
      asid: String(900_000_000_000 + number),
      odsCode,
      partyKey,
      interactions: providerSets,
      productName: `Clinical system ${supplier}`,
    },
    endpoints: [
      { cpaId: `A${number}`, ...shared, url: root, interactions: parts.rest },
      { cpaId: `B${number}`, ...shared, url: `${root}/structured`, interactions: parts.structured },
      { cpaId: `C${number}`, ...shared, url: `${root}/documents`, interactions: parts.documents },
    ],
  }
}

/** The first 17 are GP Connect's, the rest of other programmes. */
function interactionSet(seed: number, size: number): string[] {
  return Array.from({ length: size }, (_, n) =>
    n < 17 ? providerSets[n]! : `urn:nhs:names:services:pds:QUPA_IN${String((seed * 7 + n * 13) % 900_000).padStart(6, '0')}UK01`,
  )
}

/** A small generator of numbers in [0, 1) that gives the same ones for the same seed. */
function mulberry32(seed: number): () => number {
  let state = seed | 0
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296
  }
}
