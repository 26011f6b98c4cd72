import { createTicketKeys } from '../../../src/pki/ticket-keys.ts'

describe('ticket keys', () => {
  test('are 48 random bytes, the same until they are rotated', () => {
    const keys = createTicketKeys()
    expect(keys.current()).toHaveLength(48)
    expect(keys.current()).toEqual(keys.current())
    expect(createTicketKeys().current()).not.toEqual(keys.current())
  })

  test('are others after a rotation', () => {
    const keys = createTicketKeys()
    const before = keys.current()
    const after = keys.rotate()
    expect(after).not.toEqual(before)
    expect(keys.current()).toEqual(after)
  })

  test('are not changed by what is done to a copy', () => {
    const keys = createTicketKeys()
    keys.current().fill(0)
    expect(keys.current().every((byte) => byte === 0)).toBe(false)
  })
})
