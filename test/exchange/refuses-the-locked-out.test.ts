import { X509Certificate } from 'node:crypto'
import { callControl } from '../../src/ops/control-client.ts'
import { call } from '../support/consumer.ts'
import { type ExpectedRefusal, everyRefusalRecorded, expectRefusal, refusedRecord } from '../support/expect-refusal.ts'
import { startWorld, type World, world } from '../support/start-world.ts'
import { until } from '../support/until.ts'

let here: World
beforeAll(async () => {
  here = await startWorld({ settings: everyRefusalRecorded })
})
afterAll(() => here.close())

const row3: ExpectedRefusal = {
  status: 403,
  rule: 'lockout',
  origin: 'policy',
  code: 'ACCESS_DENIED',
  issue: 'forbidden',
  text: 'ACCESS_DENIED',
}

/** Runs with one party locked out, and lets it in again. */
async function whileLockedOut(selector: Readonly<Record<string, string>>, act: () => Promise<void>): Promise<void> {
  const made = await callControl(here.proxy.socketPath, 'POST', '/lockouts', { ...selector, reason: 'key stolen' })
  expect(made.status).toBe(201)
  try {
    await act()
  } finally {
    const { id } = made.body as { id: string }
    expect((await callControl(here.proxy.socketPath, 'DELETE', `/lockouts/${id}`)).status).toBeLessThan(300)
  }
}

function consumerSha256(): string {
  return new X509Certificate(here.certificates.consumer.certificatePem).fingerprint256.replaceAll(':', '').toLowerCase()
}

test.each([
  ['row 3: the certificate', () => ({ certificate: consumerSha256() }), /\(certificate\)/],
  ['row 3: a party key of the certificate', () => ({ partyKey: world.consumer.partyKey }), /\(partyKey\)/],
  ['row 3: an organisation of the certificate', () => ({ organisation: world.consumer.odsCode }), /\(organisation\)/],
  ['row 7a: the sending system', () => ({ asid: world.consumer.asid }), /\(asid\)/],
  ["row 9a: the provider's endpoint", () => ({ endpoint: endpointOf(world.searchPatient) }), /\(endpoint\)/],
])('%s is locked out: 403 by the rule lockout, the same whichever it is, and passes once released', async (_name, selector, reason) => {
  await whileLockedOut(selector(), async () => {
    await expectRefusal(here, {}, { ...row3, reason })
  })
  expect((await call(here)).status).toBe(200)
})

function endpointOf(interaction: string): string {
  const found = here.audit().find((entry) => entry.type === 'forwarding' && entry.request.interaction === interaction)
  return found?.type === 'forwarding' ? found.endpoint.cpaId : ''
}

test('another party, locked out, changes nothing for this one', async () => {
  await whileLockedOut({ asid: world.stranger.asid }, async () => {
    expect((await call(here)).status).toBe(200)
  })
})

test('O4: who only claims to be a locked-out system learns nothing of it: the binding answers', async () => {
  await whileLockedOut({ asid: world.consumer.asid }, async () => {
    const answer = await call(here, { as: here.certificates.stranger })
    expect([answer.status, answer.verdict.rule]).toEqual([495, 'identity-binding'])
    expect((await refusedRecord(here, answer)).reason).not.toContain('locked out')
  })
})

test('the act is in the audit, with who did it', async () => {
  await whileLockedOut({ asid: world.consumer.asid }, async () => {
    await until('the act is recorded', () =>
      here.audit().some((entry) => entry.type === 'operation' && /lockout/.test(entry.act) && entry.actor.startsWith('socket:')),
    )
  })
})
