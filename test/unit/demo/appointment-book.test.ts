import { appointmentBook } from '../../../demo/provider/appointments.ts'
import { patientIndex } from '../../../demo/provider/patients.ts'
import { instant, slotsBetween } from '../../../demo/provider/slots.ts'

const monday = Date.UTC(2027, 0, 4)

test('the book keeps at most its limit: the oldest appointment is forgotten and its slot is free again', () => {
  const book = appointmentBook(() => monday, 2)
  const slots = slotsBetween(monday, monday + 86_400_000)
  const made = slots.slice(0, 3).map((slot) =>
    book.create(
      {
        resourceType: 'Appointment',
        contained: [{ resourceType: 'Organization', id: 'b' }],
        extension: [
          {
            url: 'https://fhir.nhs.uk/STU3/StructureDefinition/Extension-GPConnect-BookingOrganisation-1',
            valueReference: { reference: '#b' },
          },
        ],
        status: 'booked',
        start: instant(slot.start),
        end: instant(slot.end),
        slot: [{ reference: `Slot/${slot.id}` }],
        created: instant(monday),
        participant: [{ actor: { reference: 'Patient/1' } }, { actor: { reference: 'Location/1' } }],
      },
      () => true,
    ),
  )
  expect(() => book.read(made[0]!.id)).toThrow('No appointment')
  expect(book.read(made[2]!.id).version).toBe(1)
  expect(slots.slice(0, 3).map((slot) => book.isFree(slot))).toEqual([true, false, false])
})

test('registered patients are kept up to their limit; the demo’s own always stay', () => {
  const index = patientIndex(1)
  const details = {
    prefix: '',
    given: '',
    family: 'X',
    gender: 'other',
    birthDate: '1990-01-01',
    registeredOn: '2027-01-04T00:00:00Z',
  } as const
  const first = index.register({ ...details, nhsNumber: '9990000069' })
  const second = index.register({ ...details, nhsNumber: '9990000077' })
  expect(() => index.byId(first.id)).toThrow('No patient')
  expect(index.byId(second.id).registration).toBe('T')
  expect(index.byId('1').family).toBe('Fernsby')
})
