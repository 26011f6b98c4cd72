import type { AccreditedSystem, ProviderEndpoint } from '../spine/accredited-system.ts'
import { findAsid } from './asid-index.ts'
import { decideSharing, type FittingPattern, patternsOf } from './decide-sharing.ts'
import { pathOf } from './endpoint-url.ts'
import { holdsParty } from './holds-party.ts'
import { KnownSystem } from './known-system.ts'
import type { LoadedRegistry } from './load-registry.ts'
import { listAt } from './number-lists.ts'
import { endpointColumns, none, type PackedDirectory, systemColumns } from './packed-directory.ts'
import type { EndpointLookup, Registry, SharingDecision, SystemLookup } from './registry.ts'
import { findString, stringAt } from './string-table.ts'
import { findTriple } from './triple-index.ts'

/** What the settings add to what the files say. */
export interface RegistryOverlay {
  readonly pins: Readonly<Record<string, readonly string[]>>
  readonly aliases: Readonly<Record<string, string>>
}

/** What every look-up of an interaction needs of its long name. */
interface KnownInteraction {
  /** Of its name in the directory; -1 where no record or rule names it. */
  readonly number: number
  readonly patterns: readonly FittingPattern[]
}

/**
 * A registry over packed tables. Records become objects when they are first asked for and are kept, so a look-up costs a hash of its key,
 * however large the directory is.
 */
export function openRegistry(loaded: LoadedRegistry, hosts: ReadonlySet<string>, overlay: RegistryOverlay, loadedAt: number): Registry {
  const { directory, rules } = loaded
  const { strings } = directory
  const pins = new Map(Object.entries(overlay.pins))
  const pinned = systemsOfPins(pins)
  const aliases = new Map(Object.entries(overlay.aliases))
  const systems: SystemLookup[] = new Array(directory.systems.length / systemColumns.width)
  const endpoints: EndpointLookup[] = new Array(directory.endpoints.length / endpointColumns.width)
  const interactionSets: ReadonlySet<string>[] = new Array(directory.interactionSets.starts.length - 1)
  const decisions: SharingDecision[] = new Array(rules.allows.length)
  const partyKeys = new Map<string, ReadonlySet<string>>()
  const organisations = new Map<string, ReadonlySet<string>>()
  let systemCounts: Int32Array | undefined
  /** By certificate, which is one object as long as it is known. */
  const spokenFor = new WeakMap<object, number>()
  const known = new Map<string, KnownInteraction>()
  const texts: string[] = new Array(strings.starts.length - 1)
  const textSet = (numbers: Iterable<number>): ReadonlySet<string> => new Set(Iterator.from(numbers).map(text))

  /** A record's strings are mostly those of other records, too: party keys, interactions, hosts. */
  function text(number: number): string {
    const made = texts[number] ?? stringAt(strings, number)
    texts[number] = made
    return made
  }

  function system(asid: string): SystemLookup {
    const row = findAsid(directory.systemOf, asid)
    if (row < 0) return unknown
    const found = systems[row] ?? systemAt(directory, row, text, interactionSet)
    systems[row] = found
    return found
  }

  function interactionSet(set: number): ReadonlySet<string> {
    const found = interactionSets[set] ?? textSet(listAt(directory.interactionSets, set))
    interactionSets[set] = found
    return found
  }

  function directoryInteraction(interaction: string): string {
    return aliases.get(interaction) ?? interaction
  }

  /** Remembers what is known of an interaction that the directory names, and only of those, so that callers cannot fill the memory. */
  function interactionOf(interaction: string): KnownInteraction {
    const earlier = known.get(interaction)
    if (earlier !== undefined) return earlier
    const listed = directoryInteraction(interaction)
    const number = findString(strings, listed)
    const patterns = patternsOf(rules, strings, listed === interaction ? [interaction] : [interaction, listed])
    const found = { number, patterns }
    if (number >= 0) known.set(interaction, found)
    return found
  }

  function endpoint(receiver: AccreditedSystem, interaction: string): EndpointLookup {
    const { odsCode, partyKey } = KnownSystem.numbersIn(strings, receiver)
    const wanted = interactionOf(interaction).number
    if (partyKey < 0 || wanted < 0) return absent
    let row = odsCode < 0 ? -1 : findTriple(directory.endpointOf, odsCode, partyKey, wanted)
    if (row < 0) row = findTriple(directory.endpointOf, none, partyKey, wanted)
    if (row < 0) return absent
    const found = endpoints[row] ?? endpointAt(directory, row, text)
    endpoints[row] = found
    return found
  }

  /** Remembers the answer for a registered name, and only for those, so that callers cannot fill the memory. */
  function byName(
    kept: Map<string, ReadonlySet<string>>,
    fqdn: string,
    find: (partyKeys: Int32Array) => Iterable<number>,
  ): ReadonlySet<string> {
    const earlier = kept.get(fqdn)
    if (earlier !== undefined) return earlier
    const keys = listAt(directory.partyKeysOf, findString(strings, fqdn))
    if (keys.length === 0) return noText
    const found = textSet(find(keys))
    kept.set(fqdn, found)
    return found
  }

  return {
    version: loaded.version,
    loadedAt,
    counts: loaded.counts,
    vanished: loaded.vanished,
    findings: loaded.findings,
    hosts,
    holds: (kind, value) => holdsParty(directory, kind, value),
    system,
    endpoint,
    directoryInteraction,
    partyKeysOf: (fqdn) => byName(partyKeys, fqdn, (keys) => keys),
    organisationsOf: (fqdn) => byName(organisations, fqdn, (keys) => organisationsOfAll(directory, keys)),
    systemsSpokenFor(certificate) {
      const earlier = spokenFor.get(certificate)
      if (earlier !== undefined) return earlier
      const { names, sha256, publicKeySha256 } = certificate
      systemCounts ??= countSystems(directory)
      const keys = new Set(names.flatMap((name) => [...listAt(directory.partyKeysOf, findString(strings, name))]))
      const registered = [...keys].reduce((sum, key) => sum + (systemCounts?.[key] ?? 0), 0)
      const count = registered + new Set([...(pinned.get(sha256) ?? []), ...(pinned.get(publicKeySha256) ?? [])]).size
      spokenFor.set(certificate, count)
      return count
    },
    pinsOf: (asid) => pins.get(asid) ?? noPins,
    sharing(from, to, interaction, at) {
      const { patterns } = interactionOf(interaction)
      const rule = decideSharing(rules, KnownSystem.numbersIn(strings, from), KnownSystem.numbersIn(strings, to), patterns, at)
      if (rule < 0) return byDefault
      const decision = decisions[rule] ?? { allowed: rules.allows[rule] === 1, rule: text(rules.references[rule]!) }
      decisions[rule] = decision
      return decision
    },
  }
}

const unknown: SystemLookup = { kind: 'unknown' }
const byDefault: SharingDecision = { allowed: false, rule: 'default' }
const absent: EndpointLookup = { kind: 'none' }
const noText: ReadonlySet<string> = new Set()
const noPins: readonly string[] = []

/** By a fingerprint, the ASIDs that it is pinned to: who is suspected is asked for at each refusal that tells of it, however many pins there are. */
function systemsOfPins(pins: ReadonlyMap<string, readonly string[]>): ReadonlyMap<string, ReadonlySet<string>> {
  const systems = new Map<string, Set<string>>()
  for (const [asid, fingerprints] of pins)
    for (const fingerprint of fingerprints) systems.set(fingerprint, (systems.get(fingerprint) ?? new Set()).add(asid))
  return systems
}

function organisationsOfAll(directory: PackedDirectory, partyKeys: Int32Array): ReadonlySet<number> {
  const numbers = new Set<number>()
  for (const key of partyKeys) for (const odsCode of listAt(directory.organisationsOf, key)) numbers.add(odsCode)
  return numbers
}

/** By the number of a party key, how many systems in force have it. */
function countSystems({ systems, strings }: PackedDirectory): Int32Array {
  const counts = new Int32Array(strings.starts.length - 1)
  for (let row = 0; row < systems.length; row += systemColumns.width) {
    const partyKey = systems[row + systemColumns.partyKey]!
    if (systems[row + systemColumns.fault] === none && partyKey !== none) counts[partyKey] = counts[partyKey]! + 1
  }
  return counts
}

function systemAt(
  directory: PackedDirectory,
  row: number,
  textOf: (number: number) => string,
  interactionSet: (set: number) => ReadonlySet<string>,
): SystemLookup {
  const cell = (column: number): number => directory.systems[row * systemColumns.width + column]!
  const text = (column: number): string => textOf(cell(column))
  if (cell(systemColumns.fault) !== none) return { kind: 'faulty', reason: text(systemColumns.fault) }
  const record: AccreditedSystem = {
    asid: text(systemColumns.asid),
    odsCode: text(systemColumns.odsCode),
    partyKey: text(systemColumns.partyKey),
    interactions: interactionSet(cell(systemColumns.interactions)),
    ...(cell(systemColumns.manufacturer) === none ? {} : { manufacturer: text(systemColumns.manufacturer) }),
    ...(cell(systemColumns.productName) === none ? {} : { productName: text(systemColumns.productName) }),
  }
  const [asid, odsCode, partyKey] = [cell(systemColumns.asid), cell(systemColumns.odsCode), cell(systemColumns.partyKey)]
  return { kind: 'found', system: new KnownSystem(record, directory.strings, { asid, odsCode, partyKey }) }
}

function endpointAt(directory: PackedDirectory, row: number, textOf: (number: number) => string): EndpointLookup {
  const cell = (column: number): number => directory.endpoints[row * endpointColumns.width + column]!
  const text = (column: number): string => textOf(cell(column))
  if (cell(endpointColumns.fault) !== none) return { kind: 'faulty', reason: text(endpointColumns.fault) }
  const url = text(endpointColumns.url)
  const host = text(endpointColumns.host)
  const endpoint: ProviderEndpoint = {
    cpaId: text(endpointColumns.cpaId),
    odsCode: text(endpointColumns.odsCode),
    partyKey: text(endpointColumns.partyKey),
    interaction: text(endpointColumns.interaction),
    url,
    host,
    path: pathOf(url, host),
    fqdn: text(endpointColumns.fqdn),
    ...(cell(endpointColumns.pin) === none ? {} : { pin: text(endpointColumns.pin) }),
  }
  return { kind: 'found', endpoint }
}
