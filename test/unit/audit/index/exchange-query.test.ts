import { eventQuery, exchangeQuery } from '../../../../src/audit/index/exchange-query.ts'

test('numbers come as such or as texts, as in a query string', () => {
  expect(exchangeQuery.parse({ status: '403', slowerThanMs: '12.5', limit: '7' })).toMatchObject({
    status: 403,
    slowerThanMs: 12.5,
    limit: 7,
  })
  expect(exchangeQuery.parse({ status: 0 })).toMatchObject({ status: 0, limit: 50 })
})

test.each([
  { status: '' },
  { status: ' ' },
  { status: null },
  { status: true },
  { status: '40x' },
  { status: '4.5' },
  { slowerThanMs: '' },
  { limit: '0' },
  { limit: '' },
])('what is no number is refused, and not taken for 0: %j', (query) => {
  expect(exchangeQuery.safeParse(query).success).toBe(false)
  if ('limit' in query) expect(eventQuery.safeParse(query).success).toBe(false)
})
