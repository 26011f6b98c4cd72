/** `npm run policy-cost`: what row 14 costs a request, over a million calls, with every limit there is set, and with the usual ones. */
import { throttle } from '../../src/checks/throttle.ts'
import { createAllowances } from '../../src/protection/allowances.ts'
import { throttleSettings } from '../../src/protection/throttle-settings.ts'
import { isRefusal } from '../../src/spine/refusal.ts'

const calls = 1_000_000
const consumers = 20_000
const providers = 8_000
const amount = { requestsPerSecond: 1_000_000, burst: 1_000_000, concurrent: 1_000_000 }
const dimensions = [
  'organisation',
  'certificate',
  'provider',
  'provider-organisation',
  'interaction',
  'system-provider',
  'system-interaction',
]
const single = dimensions.filter((name) => !name.startsWith('system-'))
const limited = (names: readonly string[]) =>
  throttleSettings.parse({ ...amount, limits: Object.fromEntries(names.map((name) => [name, amount])) })
const settings = {
  usual: throttleSettings.parse(amount),
  'six single': limited(single),
  'all eight': limited(dimensions),
}

type Evidence = Parameters<ReturnType<typeof throttle.create>>[0]

/** Requests of as many consumers and providers as a country has, in no order. */
const evidences = Array.from({ length: 65_536 }, (_, at) => {
  const consumer = (at * 7_919) % consumers
  const provider = (at * 104_729) % providers
  return {
    body: { kind: 'none' },
    certificate: { sha256: consumer.toString(16).padStart(64, '0') },
    consumer: { asid: String(200_000_000_000 + consumer), odsCode: `C${consumer}` },
    provider: { asid: String(900_000_000_000 + provider), odsCode: `P${provider}` },
    endpoint: { odsCode: `P${provider}` },
    interactionId: `urn:nhs:names:services:gpconnect:fhir:rest:read:${at % 40}`,
  } as unknown as Evidence
})

for (const [name, throttleSettings] of Object.entries(settings)) {
  const allowances = createAllowances(() => performance.now())
  const clock = { now: Date.now, elapsed: () => performance.now() }
  const decide = throttle.create({ settings: { throttle: throttleSettings }, allowances, clock })
  let refused = 0
  const run = (): void => {
    for (let i = 0; i < calls; i++) {
      const found = decide(evidences[i & 65_535] as Evidence)
      if (isRefusal(found)) refused++
      else found.holding?.release()
    }
  }
  run()
  const began = performance.now()
  run()
  const micros = ((performance.now() - began) * 1000) / calls
  process.stdout.write(`row 14, ${name} limits: ${micros.toFixed(2)} µs a call, ${allowances.parties} parties, ${refused} refused\n`)
}
