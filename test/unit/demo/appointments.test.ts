import { type Reply, type RunningDemoProvider, runDemoProvider, spineCode, stu3 } from './running-demo-provider.ts'

// A Monday, long before the surgery opens.
const monday = Date.UTC(2027, 0, 4)
let demo: RunningDemoProvider
beforeAll(async () => {
  demo = await runDemoProvider(() => monday)
})
afterAll(() => demo.stop())

interface Slot {
  readonly id: string
  readonly start: string
  readonly end: string
}

const week = 'start=ge2027-01-04&end=le2027-01-10&status=free&_include=Slot:schedule'
const slots = async (query = week): Promise<Slot[]> => {
  const reply = await demo.call(`${stu3}/Slot?${query}`)
  const entries: { search: { mode: string }; resource: Slot }[] = reply.json.entry ?? []
  return entries.filter(({ search }) => search.mode === 'match').map(({ resource }) => resource)
}
const booking = (slot: Slot, more: object = {}) => ({
  resourceType: 'Appointment',
  contained: [{ resourceType: 'Organization', id: 'b', name: 'Somewhere Else', telecom: [{ system: 'phone', value: '01632 960002' }] }],
  extension: [
    {
      url: 'https://fhir.nhs.uk/STU3/StructureDefinition/Extension-GPConnect-BookingOrganisation-1',
      valueReference: { reference: '#b' },
    },
  ],
  status: 'booked',
  description: 'Ear, nose and throat',
  start: slot.start,
  end: slot.end,
  slot: [{ reference: `Slot/${slot.id}` }],
  created: '2027-01-03T12:00:00+00:00',
  participant: [
    { actor: { reference: 'Patient/1' }, status: 'accepted' },
    { actor: { reference: 'Location/1' }, status: 'accepted' },
  ],
  ...more,
})
const post = (body: unknown) => demo.call(`${stu3}/Appointment`, { method: 'POST', body })
const put = (id: string, body: unknown, ifMatch?: string): Promise<Reply> =>
  demo.call(`${stu3}/Appointment/${id}`, { method: 'PUT', body, ...(ifMatch === undefined ? {} : { headers: { 'if-match': ifMatch } }) })

test('free slots lie within the surgery’s hours on weekdays, with what was asked for beside them', async () => {
  const found = await slots()
  expect(found).toHaveLength(5 * 12 * 2)
  expect(found[0]).toMatchObject({ start: '2027-01-04T09:00:00+00:00', end: '2027-01-04T09:15:00+00:00' })
  const reply = await demo.call(
    `${stu3}/Slot?${week}&_include:recurse=Schedule:actor:Practitioner&_include:recurse=Schedule:actor:Location&_include:recurse=Location:managingOrganization`,
  )
  const types = new Set(reply.json.entry.map((one: { resource: { resourceType: string } }) => one.resource.resourceType))
  expect([...types]).toEqual(['Slot', 'Schedule', 'Practitioner', 'Location', 'Organization'])
  expect(await slots('start=ge2027-01-09&end=le2027-01-10&status=free&_include=Slot:schedule')).toEqual([])
})

test('a search for slots without its limits is refused', async () => {
  for (const query of [
    'start=ge2027-01-04&end=le2027-01-30&status=free&_include=Slot:schedule',
    'start=ge2027-01-04&end=le2027-01-03&status=free&_include=Slot:schedule',
    'start=2027-01-04&end=le2027-01-10&status=free&_include=Slot:schedule',
    'start=ge2027-01-04&end=le2027-01-10&status=busy&_include=Slot:schedule',
    'start=ge2027-01-04&end=le2027-01-10&status=free',
  ]) {
    const reply = await demo.call(`${stu3}/Slot?${query}`)
    expect([query, reply.status, spineCode(reply)]).toEqual([query, 422, 'INVALID_PARAMETER'])
  }
})

test('an appointment is booked, read, amended and cancelled, each time under its version', async () => {
  const [slot] = (await slots()) as [Slot]
  const created = await post(booking(slot))
  expect(created.status).toBe(201)
  expect(created.headers.etag).toBe('W/"1"')
  expect(created.headers.location).toBe(`https://provider.thirdparty.nhs.uk/T99999/STU3/1/Appointment/${created.json.id}/_history/1`)
  expect((await slots()).map(({ id }) => id)).not.toContain(slot.id)

  const read = await demo.call(`${stu3}/Appointment/${created.json.id}`)
  expect(read.headers.etag).toBe('W/"1"')
  const amended = await put(read.json.id, { ...read.json, comment: 'Brings a letter' }, 'W/"1"')
  expect([amended.status, amended.headers.etag, amended.json.meta.versionId]).toEqual([200, 'W/"2"', '2'])

  const late = await put(read.json.id, { ...read.json, comment: 'Another' }, 'W/"1"')
  expect([late.status, spineCode(late)]).toEqual([409, 'FHIR_CONSTRAINT_VIOLATION'])
  expect((await put(read.json.id, amended.json)).status).toBe(400)
  const moved = await put(read.json.id, { ...amended.json, start: '2027-01-05T09:00:00+00:00' }, 'W/"2"')
  expect([moved.status, spineCode(moved)]).toEqual([422, 'INVALID_RESOURCE'])

  const reason = {
    url: 'https://fhir.nhs.uk/STU3/StructureDefinition/Extension-GPConnect-AppointmentCancellationReason-1',
    valueString: 'Feels better',
  }
  expect((await put(read.json.id, { ...amended.json, status: 'cancelled' }, 'W/"2"')).status).toBe(422)
  const cancelled = await put(
    read.json.id,
    { ...amended.json, status: 'cancelled', extension: [...amended.json.extension, reason] },
    'W/"2"',
  )
  expect([cancelled.status, cancelled.headers.etag, cancelled.json.status]).toEqual([200, 'W/"3"', 'cancelled'])
  expect((await slots()).map(({ id }) => id)).toContain(slot.id)
  expect((await put(read.json.id, cancelled.json, 'W/"3"')).status).toBe(422)
})

test('a slot is given away once', async () => {
  const [slot] = (await slots()) as [Slot]
  const both = await Promise.all([post(booking(slot)), post(booking(slot))])
  expect(both.map(({ status }) => status).toSorted()).toEqual([201, 409])
})

test('two adjacent slots of one schedule make one appointment; others do not', async () => {
  const free = await slots()
  const mine = free.filter(({ id }) => id.startsWith('2-'))
  const both = (first: Slot, second: Slot) =>
    booking(first, { end: second.end, slot: [first, second].map(({ id }) => ({ reference: `Slot/${id}` })) })
  expect((await post(both(mine[0]!, mine[2]!))).status).toBe(422)
  expect((await post(both(mine[0]!, mine[1]!))).status).toBe(201)
})

test('a booking that GP Connect forbids is refused with its code', async () => {
  const free = (await slots()).at(-1)!
  const cases: readonly (readonly [object, number, string])[] = [
    [{ reason: [{ text: 'x' }] }, 422, 'INVALID_RESOURCE'],
    [{ status: 'proposed' }, 422, 'INVALID_RESOURCE'],
    [{ extension: [] }, 422, 'INVALID_RESOURCE'],
    [{ slot: [{ reference: 'Slot/1-1' }] }, 422, 'REFERENCE_NOT_FOUND'],
    [{ start: '2027-01-04T08:00:00+00:00' }, 422, 'INVALID_RESOURCE'],
    [{ participant: [{ actor: { reference: 'Patient/999' } }] }, 404, 'PATIENT_NOT_FOUND'],
    [{ participant: [] }, 422, 'INVALID_RESOURCE'],
  ]
  for (const [more, status, code] of cases) {
    const reply = await post(booking(free, more))
    expect([more, reply.status, spineCode(reply)]).toEqual([more, status, code])
  }
})

test('an appointment in the past is not booked', async () => {
  const [past] = (await slots('start=ge2026-12-28&end=le2026-12-28&status=free&_include=Slot:schedule')) as [Slot]
  expect((await post(booking(past))).status).toBe(422)
})

test('a patient’s appointments are found by their start', async () => {
  const free = (await slots()).at(-1)!
  const { json } = await post(
    booking(free, { participant: [{ actor: { reference: 'Patient/2' } }, { actor: { reference: 'Location/1' } }] }),
  )
  const find = async (query: string) => {
    const reply = await demo.call(`${stu3}/Patient/2/Appointment?${query}`)
    return (reply.json.entry ?? []).map((one: { resource: { id: string } }) => one.resource.id)
  }
  expect(await find('start=ge2027-01-04&start=le2027-01-10')).toEqual([json.id])
  expect(await find('start=ge2027-01-04')).toEqual([json.id])
  expect(await find('start=ge2027-02-04')).toEqual([])
  expect((await demo.call(`${stu3}/Patient/2/Appointment`)).status).toBe(422)
})
