import { readdirSync, readFileSync } from 'node:fs'
import { startWorldProcess } from '../support/start-world-process.ts'
import { until } from '../support/until.ts'
import { whereMet } from '../support/where-met.ts'

/** The nice value of each thread of a process: field 19 of proc_pid_stat(5). */
function nicenesses(pid: number): readonly number[] {
  return readdirSync(`/proc/${pid}/task`).map((thread) => {
    const fields = readFileSync(`/proc/${pid}/task/${thread}/stat`, 'latin1')
      .replace(/^.*\) /s, '')
      .split(' ')
    return Number(fields[16])
  })
}

const usual = process.platform === 'linux' ? (nicenesses(process.pid)[0] ?? 0) : 0

whereMet('needs Linux, and to run at a nice value below 5 itself', process.platform === 'linux' && usual < 5, 'right', () => {
  test('the thread of the index, and no other, gives way to calls where processors are short', async () => {
    const here = await startWorldProcess()
    try {
      const others = () => nicenesses(here.pid).filter((niceness) => niceness !== usual)
      expect(await until('the index gives way', () => (others().length > 0 ? others() : undefined))).toEqual([5])
    } finally {
      await here.close()
    }
  })
})
