import type { AuditEntry } from '../../src/audit/entry.ts'
import { type EntryFields, entryCatalogue } from '../../src/audit/entry-catalogue.ts'
import { operations } from '../../src/audit/operations.ts'
import { callControl } from '../../src/ops/control-client.ts'
import { call } from '../support/consumer.ts'
import { startWorld, type World, world } from '../support/start-world.ts'
import { until } from '../support/until.ts'

let here: World
let entries: readonly AuditEntry[]

beforeAll(async () => {
  here = await startWorld({
    settings: { audit: { node: 'test', flood: { perKeyPerSecond: 1 } }, checks: { 'media-type': { mode: 'observe' } } },
  })
  const asked = { 'Content-Type': 'application/fhir+json', 'X-Dropped': 'a', Connection: 'X-Dropped' }
  await call(here, {
    method: 'POST',
    url: `${world.root}/Patient/$gpc.getstructuredrecord`,
    interaction: structured,
    headers: asked,
    body: named,
  })
  await call(here, { headers: { Accept: 'text/plain' } })
  await call(here, { headers: { 'Ssp-From': world.stranger.asid } })
  for (let nth = 0; nth < 3; nth++) await call(here, { as: null })
  const operator = (method: 'GET' | 'POST', path: string, body?: unknown) => callControl(here.proxy.socketPath, method, path, body)
  await operator('POST', '/lockouts', { organisation: 'A12345', reason: 'key stolen', forSeconds: 60 })
  await operator('GET', '/exchanges?asid=200000000359')
  await operator('POST', '/reload')
  entries = await until('what was only counted is recorded', () => {
    const found = here.audit()
    return found.some(({ type }) => type === 'flood') && found
  })
})
afterAll(() => here.close())

const structured = 'urn:nhs:names:services:gpconnect:fhir:operation:gpc.getstructuredrecord-1'
const named = JSON.stringify({
  resourceType: 'Parameters',
  parameter: [{ name: 'patientNHSNumber', valueIdentifier: { system: 'https://fhir.nhs.uk/Id/nhs-number', value: '9690937286' } }],
})

/** Every name of an object that the catalogue does not have, and every name that it says is always there and is not. */
function differences(part: object, fields: EntryFields, path = ''): readonly string[] {
  const unknown = Object.keys(part).filter((name) => !Object.hasOwn(fields, name))
  const missing = Object.entries(fields).filter(([name, { sometimes }]) => sometimes !== true && !Object.hasOwn(part, name))
  const within = Object.entries(part).flatMap(([name, value]) => {
    const inner = fields[name]?.within
    if (inner === undefined) return []
    return (Array.isArray(value) ? value : [value]).flatMap((one: object) => differences(one, inner, `${path}${name}.`))
  })
  return [...unknown.map((name) => `${path}${name} is not in it`), ...missing.map(([name]) => `${path}${name} is missing`), ...within]
}

test('every kind of entry was recorded, in the version of the catalogue, and holds what is named there', () => {
  expect(new Set(entries.map(({ type }) => type))).toEqual(new Set(Object.keys(entryCatalogue)))
  for (const entry of entries) {
    expect(entry.v).toBe(entryCatalogue[entry.type].version)
    expect([entry.type, differences(entry, entryCatalogue[entry.type].fields)]).toEqual([entry.type, []])
  }
})

test('each act was recorded with details that are named', () => {
  const acts = entries.filter((entry) => entry.type === 'operation')
  expect(acts.map(({ act }) => act)).toEqual(
    expect.arrayContaining(['start', 'lockout-add', 'lockout-in-force', 'exchange-search', 'reload', 'reloaded']),
  )
  for (const { act, detail } of acts) {
    const named = Object.keys(operations[act].detail)
    // A search’s details are its conditions, whichever they were.
    if (!named.includes('…')) expect(named).toEqual(expect.arrayContaining(Object.keys(detail)))
  }
})
