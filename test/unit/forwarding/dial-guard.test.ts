import fc from 'fast-check'
import { createDialGuard } from '../../../src/forwarding/dial-guard.ts'

const guard = createDialGuard([])

test.each([
  ['127.0.0.1', 'loopback'],
  ['127.255.255.254', 'loopback'],
  ['0.0.0.0', 'unspecified'],
  ['0.1.2.3', 'unspecified'],
  ['10.0.0.1', 'private'],
  ['172.16.0.1', 'private'],
  ['172.31.255.255', 'private'],
  ['192.168.1.1', 'private'],
  ['100.64.0.1', 'shared'],
  ['169.254.169.254', 'metadata'],
  ['169.254.0.1', 'link-local'],
  ['192.0.0.170', 'protocol'],
  ['198.18.0.1', 'benchmarking'],
  ['198.19.255.255', 'benchmarking'],
  ['224.0.0.1', 'multicast'],
  ['239.255.255.255', 'multicast'],
  ['240.0.0.1', 'reserved'],
  ['255.255.255.255', 'broadcast'],
  ['::', 'unspecified'],
  ['::1', 'loopback'],
  ['0:0:0:0:0:0:0:1', 'loopback'],
  ['fe80::1', 'link-local'],
  ['febf::1', 'link-local'],
  ['fec0::1', 'site-local'],
  ['fc00::1', 'unique-local'],
  ['fd00:ec2::254', 'unique-local'],
  ['ff02::1', 'multicast'],
  ['100::1', 'discard'],
  ['fe80::1%eth0', ''],
  ['::ffff:127.0.0.1', 'loopback'],
  ['::ffff:7f00:1', 'loopback'],
  ['::ffff:10.0.0.1', 'private'],
  ['::FFFF:A9FE:A9FE', 'metadata'],
  ['0:0:0:0:0:ffff:a00:1', 'private'],
  ['::127.0.0.1', 'loopback'],
  ['::a00:1', 'private'],
  ['::ffff:0:10.0.0.1', 'private'],
  ['::ffff:0:7f00:1', 'loopback'],
  ['64:ff9b::10.0.0.1', 'private'],
  ['64:ff9b::7f00:1', 'loopback'],
  ['64:ff9b:1::1', 'NAT64'],
  ['64:ff9b:1:a00:1::', 'NAT64'],
  ['2002:7f00:1::', 'loopback'],
  ['2002:a00:1::1', 'private'],
  ['2002:a9fe:a9fe::', 'metadata'],
  ['2001:0:1:2:3:4:5:6', 'Teredo'],
])('P6: %s is refused as %s', (address, name) => {
  expect(guard(address)).toEqual({ allowed: false, reason: expect.stringContaining(name) })
})

test.each([
  '1.1.1.1',
  '9.255.255.255',
  '11.0.0.0',
  '172.15.255.255',
  '172.32.0.0',
  '100.63.255.255',
  '100.128.0.0',
  '169.253.255.255',
  '192.167.255.255',
  '223.255.255.255',
  '2a00:1450:4009::1',
  '2606:4700::1111',
  '::ffff:1.1.1.1',
  '64:ff9b::1.1.1.1',
  '2002:101:101::1',
  '2001:4860:4860::8888',
])('%s may be dialled', (address) => {
  expect(guard(address)).toEqual({ allowed: true })
})

test('an allowed network is let through, in whichever dress, and nothing beside it', () => {
  const hscn = createDialGuard(['10.239.14.0/24', 'fd12:3456::/32'])
  for (const address of ['10.239.14.1', '::ffff:10.239.14.1', '::ffff:aef:e01', 'fd12:3456::1'])
    expect(hscn(address)).toEqual({ allowed: true })
  for (const address of ['10.239.15.1', '10.0.0.1', '127.0.0.1', '::ffff:10.0.0.1', 'fd12:3457::1', '64:ff9b::10.239.15.1'])
    expect(hscn(address).allowed).toBe(false)
})

test.each(['', 'localhost', '010.0.0.1', '1.1.1.1.1', '0x7f.1', '2130706433', '::g', '1.1.1.1%eth0', ':::', ' 1.1.1.1'])(
  '%p is no address and is refused',
  (text) => {
    expect(guard(text).allowed).toBe(false)
  },
)

test('any text is answered, and every IPv4 address is judged alike in every dress', () => {
  fc.assert(fc.property(fc.string(), (text) => typeof guard(text).allowed === 'boolean'))
  fc.assert(
    fc.property(fc.ipV4(), (address) => {
      const groups = address.split('.').map(Number) as [number, number, number, number]
      const hex = [(groups[0] << 8) | groups[1], (groups[2] << 8) | groups[3]].map((group) => group.toString(16)).join(':')
      const { allowed } = guard(address)
      for (const dressed of [
        `::ffff:${address}`,
        `::ffff:${hex}`,
        `0:0:0:0:0:FFFF:${hex}`,
        `64:ff9b::${hex}`,
        `2002:${hex}::1`,
        `::ffff:0:${hex}`,
      ])
        expect([dressed, guard(dressed).allowed]).toEqual([dressed, allowed])
    }),
    { numRuns: 500 },
  )
  fc.assert(fc.property(fc.ipV6(), (address) => typeof guard(address).allowed === 'boolean'))
})
