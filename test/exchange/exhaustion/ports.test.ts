import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { findProgram, runProgram } from '../../support/outside-program.ts'
import { whereMet } from '../../support/where-met.ts'

const unshare = findProgram('unshare')
const ip = findProgram('ip')
const permitted = unshare !== undefined && ip !== undefined && spawnSync(unshare, ['--net', ip, 'link', 'set', 'lo', 'up']).status === 0
const script = fileURLToPath(new URL('../../support/small-port-range.ts', import.meta.url))

whereMet('D8: needs a network of its own (unshare, ip), which is not permitted here', permitted, 'right', () => {
  test('D8: with every ephemeral port to a provider taken a call gets 502 and its record; with ports again calls go on', async () => {
    const { out, error } = await runProgram(unshare ?? '', ['--net', process.execPath, script, '20'])
    if (out.length === 0) throw new Error(error)
    const { taken, before, meanwhile, afterwards, recorded } = JSON.parse(out.toString('utf8'))
    expect(before).toMatchObject({ status: 200 })
    expect(taken).toBeGreaterThan(5)
    expect(meanwhile).toMatchObject({ status: 502, origin: 'provider-network', rule: 'provider-exchange' })
    expect(recorded).toEqual([502])
    expect(afterwards).toMatchObject({ status: 200 })
  })
})
