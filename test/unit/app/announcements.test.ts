import { createAnnouncements } from '../../../src/app/announcements.ts'
import type { Logger } from '../../../src/lib/logger.ts'
import type { Readiness } from '../../../src/ops/ops-parts.ts'

const day = 86_400_000
let said: string[]
let tell: (state: Partial<Readiness>, now: number) => void

beforeEach(() => {
  said = []
  const level =
    (name: string) =>
    (text: string): void =>
      void said.push(`${name}: ${text}`)
  const announcements = createAnnouncements({ error: level('error'), warn: level('warn'), info: level('info') } as unknown as Logger)
  tell = (state, now) => announcements.tell({ ready: true, items: [], degraded: [], warnings: [], observed: [], ...state }, now)
})

test('a warning is told once, again after a day, and when it is over', () => {
  for (const now of [0, 1, day - 1, day, day + 1]) tell({ warnings: ['the list is due'] }, now)
  tell({}, day + 2)
  tell({}, day + 3)
  expect(said).toEqual(['warn: the list is due', 'warn: the list is due', 'info: no longer so: the list is due'])
})

test('a condition that fails is an error, in its own words; draining is none', () => {
  const items = [
    { name: 'running', ok: false, detail: 'draining' },
    { name: 'revocation', ok: false, detail: 'out of date past the grace: CN=Sub' },
    { name: 'audit', ok: true, detail: '' },
  ]
  tell({ items }, 0)
  tell({ items }, 1)
  expect(said).toEqual(['error: not ready: revocation: out of date past the grace: CN=Sub'])
})
