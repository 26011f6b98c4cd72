import { opsSettings } from '../../../src/ops/ops-settings.ts'

const files = { certificate: 'server.pem', key: 'server.key' }

describe('the settings of the operators’ leg', () => {
  test('by default listen on this machine alone, for nobody’s certificate', () => {
    expect(opsSettings.parse(files)).toEqual({
      ...files,
      host: '127.0.0.1',
      port: 8444,
      anchors: [],
      roles: [],
      revoked: [],
      allowedHosts: ['localhost', '127.0.0.1', '[::1]'],
      maximumConnections: 256,
      socket: 'ssp.sock',
    })
  })

  test.each([
    ['an unknown field', { ...files, password: 'x' }],
    ['no certificate', { key: 'server.key' }],
    ['a port that is none', { ...files, port: 70_000 }],
    ['a role that there is not', { ...files, roles: [{ commonName: 'olive', role: 'root' }] }],
    ['a role for nobody', { ...files, roles: [{ role: 'operator' }] }],
    ['a role by name and by fingerprint', { ...files, roles: [{ commonName: 'olive', sha256: 'ab'.repeat(32), role: 'viewer' }] }],
    ['a fingerprint that is none', { ...files, roles: [{ sha256: 'ab', role: 'viewer' }] }],
  ])('refuse %s', (_, settings) => {
    expect(opsSettings.safeParse(settings).success).toBe(false)
  })
})
