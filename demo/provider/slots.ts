import { type Call, queryValue } from './call.ts'
import { FhirError } from './fhir-error.ts'
import { location, organization, practitioners, schedules } from './practice.ts'
import { meta, type Resource, reference, searchset } from './resource.ts'
import { searchDate } from './search-date.ts'

const minute = 60_000
const dayLength = 86_400_000
const slotLength = 15 * minute
const opensAt = 9 * 60 * minute
const closesAt = 12 * 60 * minute
const fourteenDays = 14 * dayLength
const slotId = /^([12])-(\d{10})$/

/** One place in a practitioner's diary. Times in ms since 1970. */
export interface Slot {
  readonly id: string
  readonly schedule: Resource
  readonly start: number
  readonly end: number
}

/** An instant as FHIR writes it, in UTC with an explicit offset. */
export function instant(at: number): string {
  return new Date(at).toISOString().replace('.000Z', '+00:00')
}

/** The slot of an id, or undefined where the diary has none: quarters of an hour from nine to noon UTC, Mondays to Fridays. */
export function slotOfId(id: string): Slot | undefined {
  const match = slotId.exec(id)
  if (match === null) return undefined
  const start = Number(match[2]) * 1000
  const time = start % dayLength
  const weekday = new Date(start).getUTCDay()
  if (weekday === 0 || weekday === 6 || time < opensAt || time >= closesAt || (time - opensAt) % slotLength !== 0) return undefined
  return { id, schedule: schedules[Number(match[1]) - 1]!, start, end: start + slotLength }
}

/** Every slot that lies wholly between two instants. */
export function slotsBetween(from: number, to: number): readonly Slot[] {
  const found: Slot[] = []
  for (let start = Math.ceil(from / slotLength) * slotLength; start + slotLength <= to; start += slotLength) {
    for (const schedule of schedules) {
      const slot = slotOfId(`${schedule.id ?? ''}-${String(start / 1000).padStart(10, '0')}`)
      if (slot !== undefined) found.push(slot)
    }
  }
  return found
}

/** A slot as the STU3 resource. */
export function slotResource(slot: Slot, status: 'free' | 'busy'): Resource {
  return {
    resourceType: 'Slot',
    id: slot.id,
    meta: meta('GPConnect-Slot-1', '1'),
    extension: [{ url: 'https://fhir.nhs.uk/STU3/StructureDefinition/Extension-GPConnect-DeliveryChannel-2', valueCode: 'In-person' }],
    serviceType: [{ text: 'General GP appointment' }],
    schedule: reference(slot.schedule),
    status,
    start: instant(slot.start),
    end: instant(slot.end),
  }
}

/** `GET Slot`: the free slots of at most two weeks, with the resources that were asked for beside them. Throws `FhirError`. */
export function searchSlots(call: Call, isFree: (slot: Slot) => boolean): Resource {
  const from = searchDate('start', queryValue(call, 'start'), 'ge')
  const to = searchDate('end', queryValue(call, 'end'), 'le')
  if (queryValue(call, 'status') !== 'free') throw new FhirError('INVALID_PARAMETER', 'The query parameter status must be free.')
  if (!call.query.getAll('_include').includes('Slot:schedule'))
    throw new FhirError('INVALID_PARAMETER', 'The query parameter _include=Slot:schedule is missing.')
  if (to < from) throw new FhirError('INVALID_PARAMETER', 'The end lies before the start.')
  if (to - from > fourteenDays) throw new FhirError('INVALID_PARAMETER', 'The period is longer than two weeks.')
  const slots = slotsBetween(from, to).filter(isFree)
  const included = slots.length === 0 ? [] : [...schedules, ...recursive(call)]
  return searchset(
    slots.map((slot) => slotResource(slot, 'free')),
    included,
  )
}

function recursive(call: Call): readonly Resource[] {
  const asked = call.query.getAll('_include:recurse')
  return [
    ...(asked.includes('Schedule:actor:Practitioner') ? practitioners : []),
    ...(asked.includes('Schedule:actor:Location') ? [location] : []),
    ...(asked.includes('Location:managingOrganization') ? [organization] : []),
  ]
}
