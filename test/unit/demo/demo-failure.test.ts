import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { createServer } from 'node:net'
import { explainFailure } from '../../../demo/demo-failure.ts'
import { startDemoProvider } from '../../../demo/provider/demo-provider.ts'
import { ConfigRejected } from '../../../src/app/config-rejected.ts'
import { StartRefused } from '../../../src/app/start-refused.ts'
import { createAuthority } from '../../support/certificate-authority.ts'

const ports = { data: 8443, operators: 8444, provider: 8445 }

test('a port that is really taken is one sentence that names the way out, and 78', async () => {
  const holder = createServer().listen(0, '127.0.0.1')
  await once(holder, 'listening')
  const { port } = holder.address() as AddressInfo
  const authority = await createAuthority({ name: 'Root' })
  const issued = await authority.issue({ cn: 'provider.thirdparty.nhs.uk' })
  const certs = { cert: issued.chainPem, key: issued.keyPem, ca: authority.certificatePem }
  const starting = startDemoProvider({ port, certs, acceptFqdn: 'x' })
  const error: unknown = await starting.then(
    () => undefined,
    (reason: unknown) => reason,
  )
  holder.close()
  const failure = explainFailure(error, { ...ports, provider: port })
  expect(failure.exitCode).toBe(78)
  expect(failure.message).toMatch(
    /^Port \d+, which the demo provider needs, is taken by another program: .*SSP_DEMO_PROVIDER_PORT=\d+ npm start$/,
  )
})

test('a taken port is found behind another error too', () => {
  const taken = Object.assign(new Error('listen EADDRINUSE: address already in use 127.0.0.1:8443'), { code: 'EADDRINUSE', port: 8443 })
  expect(explainFailure(new Error('the listener did not start', { cause: taken }), ports)).toMatchObject({
    exitCode: 78,
    message: expect.stringContaining('SSP_LISTENER__PORT=') as unknown,
  })
  expect(explainFailure(Object.assign(new Error('x'), { code: 'EACCES', port: 443 }), { ...ports, data: 443 }).message).toContain(
    'may not be opened by this user',
  )
})

test('what the proxy refuses to start with is 78, and a port that it could not have names the variable', () => {
  expect(explainFailure(new StartRefused('the registry: systems.yaml:3: no'), ports)).toEqual({
    message: 'the registry: systems.yaml:3: no',
    exitCode: 78,
  })
  const taken = new StartRefused('the operators’ port: port 8444 on 127.0.0.1 is taken by another program; free it.')
  expect(explainFailure(taken, ports).message).toContain('SSP_OPERATORS__PORT=9444 npm start')
})

test('settings that cannot be used are 78 with every problem; anything else is 1', () => {
  const rejected = new ConfigRejected([{ place: 'config/dev.yaml:3:1', message: 'listener.port: must be a number' }])
  expect(explainFailure(rejected, ports)).toEqual({ message: 'config/dev.yaml:3:1: listener.port: must be a number', exitCode: 78 })
  expect(explainFailure(new Error('no'), ports)).toEqual({ message: 'The demo could not start: no', exitCode: 1 })
  expect(explainFailure('no', ports).exitCode).toBe(1)
})
