import { BlockList, isIPv4, isIPv6 } from 'node:net'

/** Decides about an address that is about to be dialled; the address, never the name, so that nothing can change in between. */
export type DialGuard = (address: string) => { readonly allowed: true } | { readonly allowed: false; readonly reason: string }

/** Networks that no provider lives in, unless a setting names them (IANA special-purpose registries; private space is refused too: HSCN is allowed by name). */
const refusedNetworks: readonly (readonly [network: string, prefix: number, name: string])[] = [
  ['0.0.0.0', 8, 'unspecified'],
  ['10.0.0.0', 8, 'private'],
  ['100.64.0.0', 10, 'shared address space'],
  ['127.0.0.0', 8, 'loopback'],
  ['169.254.0.0', 16, 'link-local or metadata'],
  ['172.16.0.0', 12, 'private'],
  ['192.0.0.0', 24, 'protocol assignments'],
  ['192.168.0.0', 16, 'private'],
  ['198.18.0.0', 15, 'benchmarking'],
  ['224.0.0.0', 4, 'multicast'],
  ['240.0.0.0', 4, 'reserved or broadcast'],
  ['::', 128, 'unspecified'],
  ['::1', 128, 'loopback'],
  ['64:ff9b:1::', 48, 'NAT64 of local use'],
  ['100::', 64, 'discard-only'],
  ['2001::', 32, 'Teredo'],
  ['fc00::', 7, 'unique-local'],
  ['fe80::', 10, 'link-local'],
  ['fec0::', 10, 'site-local'],
  ['ff00::', 8, 'multicast'],
]

const refused = refusedNetworks.map(([network, prefix, name]) => ({ list: listOf([`${network}/${prefix}`]), name }))

/** A guard that lets the allowed networks through; never the proxy's own listeners (`own`: "address:port" is the caller's to check by port, here by address). */
export function createDialGuard(allowedNetworks: readonly string[]): DialGuard {
  const allowed = listOf(allowedNetworks)
  return (address) => {
    for (const candidate of [address, ...embedded(address)]) {
      if (contains(allowed, candidate)) continue
      const found = refused.find(({ list }) => contains(list, candidate))
      if (found !== undefined)
        return { allowed: false, reason: `the address is ${found.name} (${address}) and no allowed network names it` }
    }
    return isIPv4(address) || isIPv6(address)
      ? { allowed: true }
      : { allowed: false, reason: 'the name resolved to something that is no address' }
  }
}

function listOf(networks: readonly string[]): BlockList {
  const list = new BlockList()
  for (const network of networks) {
    const [address = '', prefix = ''] = network.split('/')
    list.addSubnet(address, Number(prefix), isIPv6(address) ? 'ipv6' : 'ipv4')
  }
  return list
}

function contains(list: BlockList, address: string): boolean {
  return list.check(address, isIPv6(address) ? 'ipv6' : 'ipv4')
}

/** The IPv4 address inside an IPv4-mapped, IPv4-compatible, IPv4-translated, NAT64 or 6to4 address: reaching the wrapped one is reaching it. */
function embedded(address: string): readonly string[] {
  if (!isIPv6(address)) return []
  const groups = expand(address)
  const pair = (at: number) => `${groups[at]! >> 8}.${groups[at]! & 255}.${groups[at + 1]! >> 8}.${groups[at + 1]! & 255}`
  const zeroUntil = groups.findIndex((group) => group !== 0)
  const found: string[] = []
  if (zeroUntil === 5 && groups[5] === 0xffff) found.push(pair(6))
  if (zeroUntil === 4 && groups[4] === 0xffff && groups[5] === 0) found.push(pair(6))
  if (zeroUntil >= 6 && (groups[6] !== 0 || groups[7]! > 1)) found.push(pair(6))
  if (groups[0] === 0x64 && groups[1] === 0xff9b) found.push(pair(6))
  if (groups[0] === 0x2002) found.push(pair(1))
  return found
}

/** The eight groups of an IPv6 address, whichever way it is written. */
function expand(address: string): readonly number[] {
  const bare = address
    .split('%', 1)[0]!
    .replace(
      /(\d+)\.(\d+)\.(\d+)\.(\d+)$/,
      (_, a: string, b: string, c: string, d: string) =>
        `${((Number(a) << 8) | Number(b)).toString(16)}:${((Number(c) << 8) | Number(d)).toString(16)}`,
    )
  const [head = '', tail] = bare.split('::', 2)
  const groups = (text: string | undefined) =>
    text === undefined || text === '' ? [] : text.split(':').map((group) => Number.parseInt(group, 16))
  const before = groups(head)
  const after = groups(tail)
  return tail === undefined ? before : [...before, ...new Array<number>(8 - before.length - after.length).fill(0), ...after]
}
