import { statfsSync } from 'node:fs'
import { rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { recordedExchanges } from '../../support/accounts.ts'
import { call } from '../../support/consumer.ts'
import { expectRefusedAnswer } from '../../support/expect-refusal.ts'
import { operatorsPage } from '../../support/operators-page.ts'
import { whereMountable } from '../../support/small-disk.ts'
import { startWorld, type World } from '../../support/start-world.ts'
import { until } from '../../support/until.ts'

const mebibyte = 1_048_576

whereMountable('D8', '8m', (folder) => {
  test('D8: with the disk full nothing is forwarded and every refusal is counted; with room again calls go on, and the log verifies', async () => {
    const here = await startWorld({ in: folder, settings: { audit: { reserveBytes: mebibyte } } })
    try {
      expect((await call(here)).status).toBe(200)
      const filler = join(folder, 'filler')
      const free = () => {
        const { bavail, bsize } = statfsSync(folder)
        return bavail * bsize
      }
      // The index beside the log takes and gives back room meanwhile.
      const fill = () => writeFile(filler, Buffer.alloc(free()), { flag: 'a' }).catch(() => undefined)
      await until('the disk is full', () => fill().then(() => free() === 0))
      const answer = await until('nothing can be recorded', async () => {
        await fill()
        const next = await call(here)
        return next.status === 200 ? undefined : next
      })
      const forwarded = here.provider.received.length
      for (let nth = 0; nth < 10; nth++)
        expectRefusedAnswer(nth === 0 ? answer : await call(here), {
          ...{ status: 503, rule: 'audit', origin: 'proxy', code: 'AUDIT_UNAVAILABLE' },
          ...{ issue: 'transient', text: 'AUDIT_UNAVAILABLE', closes: false },
        })
      for (let nth = 0; nth < 10; nth++) expect((await call(here, { as: null })).status).toBe(496)
      expect(here.provider.received).toHaveLength(forwarded)
      expect(await operatorsPage(here, '/livez')).toMatch(/ok/i)
      await rm(filler)
      await until('calls are forwarded again', async () => (await call(here)).status === 200)
      await accountsAgree(here)
    } finally {
      await here.close()
    }
  })
})

/** As many exchanges in the audit, singly or as counts, as were answered. */
async function accountsAgree(here: World): Promise<void> {
  await until('the audit accounts for every exchange', async () => {
    const page = await operatorsPage(here, '/metrics')
    const ended = [...page.matchAll(/^ssp_exchanges_total\{.*\} (\d+)$/gm)].reduce((sum, [, count]) => sum + Number(count), 0)
    return ended > 20 && recordedExchanges(here.audit()) === ended
  })
}
