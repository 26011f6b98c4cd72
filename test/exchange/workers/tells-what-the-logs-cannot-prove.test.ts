import { renameSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { startWorkers } from '../../support/start-workers.ts'
import { metricOn } from '../../support/start-world-process.ts'
import { until } from '../../support/until.ts'

test('R6: a key that is lost while it signs is told for the log of every process, and the metric counts them all', async () => {
  const here = await startWorkers()
  try {
    const path = join(dirname(here.config), 'data/keys/log.key')
    renameSync(path, `${path}.away`)
    await until('every process tells', async () => {
      const { status, body } = await here.page('/readyz')
      return status === 200 && ['main', 'w1', 'w2'].every((log) => body.includes(`/${log}, is gone`))
    })
    await until('all are counted', async () => metricOn((await here.page('/metrics')).body, 'ssp_audit_logs_with_lost_key') === 3)
    renameSync(`${path}.away`, path)
    await until('it is well again', async () => (await here.page('/readyz')).body === 'ok\n')
  } finally {
    await here.close()
  }
})
