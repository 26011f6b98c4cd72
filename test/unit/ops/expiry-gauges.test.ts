import { createMetrics } from '../../../src/metrics/metrics.ts'
import { createExpiryGauges } from '../../../src/ops/expiry-gauges.ts'

function expiry(capacity?: number) {
  const metrics = createMetrics({ defaultMetrics: false })
  const gauges = createExpiryGauges(metrics, (fqdn) => fqdn.endsWith('.thirdparty.nhs.uk'), capacity)
  async function lines(): Promise<string[]> {
    const { body } = await metrics.text()
    return body.split('\n').filter((line) => line.startsWith('ssp_') && !line.endsWith(' 0'))
  }
  return { gauges, lines }
}

const line = (role: string, subject: string, seconds: number) =>
  `ssp_certificate_expiry_timestamp_seconds{role="${role}",subject="${subject}"} ${seconds}`
const overflow = (role: string, count: number) => `ssp_certificate_expiry_overflow_total{role="${role}"} ${count}`

describe('the expiry gauges', () => {
  test('show our own certificates in seconds since 1970, and after a reload only the new ones', async () => {
    const { gauges, lines } = expiry()
    gauges.own('server', [{ subject: 'proxy.dev.spine2.ncrs.nhs.uk', notAfter: 1_800_000_000_000 }])
    gauges.own('anchor', [
      { subject: 'Root', notAfter: 1_900_000_000_000 },
      { subject: 'Root', notAfter: 1_850_000_000_000 },
      { subject: 'Old root', notAfter: 1_700_000_000_000 },
    ])
    gauges.own('anchor', [
      { subject: 'Root', notAfter: 1_900_000_000_000 },
      { subject: 'Root', notAfter: 1_850_000_000_000 },
    ])
    expect(await lines()).toEqual([line('server', 'proxy.dev.spine2.ncrs.nhs.uk', 1_800_000_000), line('anchor', 'Root', 1_850_000_000)])
  })

  test('show a registered consumer or provider, once, and what it shows after a renewal', async () => {
    const { gauges, lines } = expiry()
    gauges.peer('provider', 'Provider.thirdparty.nhs.uk', 1_800_000_000_000)
    gauges.peer('provider', 'provider.thirdparty.nhs.uk', 1_900_000_000_000)
    expect(await lines()).toEqual([line('provider', 'provider.thirdparty.nhs.uk', 1_900_000_000)])
  })

  test('only count a name that is not registered, which may be anything', async () => {
    const { gauges, lines } = expiry()
    gauges.peer('consumer', 'jane.doe@example.org', 1_800_000_000_000)
    expect(await lines()).toEqual([overflow('consumer', 1)])
  })

  test('have at most as many lines as there is room for, for each role; who was seen last stays', async () => {
    const { gauges, lines } = expiry(2)
    gauges.peer('consumer', 'a.thirdparty.nhs.uk', 1_000)
    gauges.peer('consumer', 'b.thirdparty.nhs.uk', 2_000)
    gauges.peer('consumer', 'a.thirdparty.nhs.uk', 1_000)
    gauges.peer('consumer', 'c.thirdparty.nhs.uk', 3_000)
    gauges.peer('provider', 'd.thirdparty.nhs.uk', 4_000)
    expect(await lines()).toEqual([
      line('consumer', 'a.thirdparty.nhs.uk', 1),
      line('consumer', 'c.thirdparty.nhs.uk', 3),
      line('provider', 'd.thirdparty.nhs.uk', 4),
      overflow('consumer', 1),
    ])
  })

  test('show an operator by the start of a fingerprint, never by name', async () => {
    const { gauges, lines } = expiry()
    gauges.operator('ab'.repeat(32), 5_000)
    expect(await lines()).toEqual([line('operator', 'abababababababab', 5)])
  })
})
