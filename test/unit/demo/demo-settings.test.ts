import { resolve } from 'node:path'
import { demoSettings } from '../../../demo/demo-settings.ts'

const file = resolve(import.meta.dirname, '../../../config/dev.yaml')

test('the ports are those of the settings file', async () => {
  const { ports, environment } = await demoSettings(file, { PATH: '/bin' })
  expect(ports).toEqual({ data: 8443, operators: 8444, provider: 8445 })
  expect(environment).toEqual({ PATH: '/bin', SSP_LOGGING__LEVEL: 'error' })
})

test('the environment moves each of them, and the proxy dials the provider where it went', async () => {
  const { ports, environment } = await demoSettings(file, {
    SSP_LISTENER__PORT: '9443',
    SSP_OPERATORS__PORT: '9444',
    SSP_DEMO_PROVIDER_PORT: '9445',
    SSP_LOGGING__LEVEL: 'debug',
  })
  expect(ports).toEqual({ data: 9443, operators: 9444, provider: 9445 })
  expect(environment).toMatchObject({ SSP_LOGGING__LEVEL: 'debug' })
  // The proxy's settings refuse variables that they do not know.
  expect(environment).not.toHaveProperty('SSP_DEMO_PROVIDER_PORT')
})

test('a port that is none is an error that names the variable', async () => {
  for (const port of ['0', '70000', 'x', '-1', '1e3'])
    await expect(demoSettings(file, { SSP_DEMO_PROVIDER_PORT: port })).rejects.toThrow('SSP_DEMO_PROVIDER_PORT: must be a port')
})
