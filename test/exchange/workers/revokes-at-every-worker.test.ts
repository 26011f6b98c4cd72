import { startCrlServer } from '../../support/crl-server.ts'
import { startWorkers } from '../../support/start-workers.ts'
import { certificates, world } from '../../support/start-world.ts'
import { shakeHands } from '../../support/tls-consumer.ts'
import { until } from '../../support/until.ts'

test('a list that one process fetches revokes at every worker: connections are cut, and the session is worth nothing anywhere, in a successor too', async () => {
  const { intermediate } = await certificates()
  const server = await startCrlServer()
  server.publish(await intermediate.crl({ number: 101 }))
  const here = await startWorkers({
    settings: { trust: { crlUrls: [{ url: server.url, everySeconds: 1 }] }, forwarding: { allowedNetworks: ['127.0.0.0/8'] } },
  })
  try {
    const victim = await intermediate.issue({ cn: world.consumer.fqdn, dnsNames: [world.consumer.fqdn], usages: ['clientAuth'] })
    const only = { as: victim, maxVersion: 'TLSv1.2' } as const
    const open = [await shakeHands(here, only), await shakeHands(here, only)]
    for (const one of open) expect((await one.ask())?.status).toBe(200)
    const session = open[0]?.session as Buffer
    intermediate.revoke(victim.serial)
    server.publish(await intermediate.crl({ number: 102 }))
    await Promise.all(open.map(({ closed }) => closed))

    await until('no worker resumes it', async () => {
      const reused: boolean[] = []
      for (let nth = 0; nth < 4; nth++) {
        const again = await shakeHands(here, { ...only, session })
        reused.push(again.socket.isSessionReused())
        again.socket.destroy()
      }
      return reused.every((isReused) => !isReused)
    })
    const refusedEverywhere = async (): Promise<void> => {
      for (let nth = 0; nth < 4; nth++) {
        const again = await shakeHands(here, only)
        expect((await again.ask())?.status).toBe(495)
        again.socket.destroy()
      }
    }
    await refusedEverywhere()
    process.kill((await here.pids()).get('w1') as number, 'SIGKILL')
    await until('it is replaced', async () => {
      const { body } = await here.page('/metrics')
      return body.includes('ssp_workers_lost_total 1') && body.includes('ssp_workers{state="ready"} 2')
    })
    await refusedEverywhere()
  } finally {
    await here.close()
    await server.close()
  }
})
