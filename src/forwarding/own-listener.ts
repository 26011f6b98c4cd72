import { BlockList, isIPv6 } from 'node:net'
import { networkInterfaces } from 'node:os'

/** Whether dialling would come back to one of our own ports, in whichever way the address is written (O9). */
export function isOwnListener(
  { address, port }: { readonly address: string; readonly port: number },
  ownPorts: readonly number[],
): boolean {
  return ownPorts.includes(port) && addressesOfThisMachine().check(address, isIPv6(address) ? 'ipv6' : 'ipv4')
}

/** Asked anew each time: interfaces come and go. The kernel takes the unspecified address for this machine, and an IPv4-mapped one for what it wraps, as a `BlockList` does. */
function addressesOfThisMachine(): BlockList {
  const here = new BlockList()
  here.addSubnet('127.0.0.0', 8)
  for (const address of ['0.0.0.0', '::', '::1', ...interfaceAddresses()]) here.addAddress(address, isIPv6(address) ? 'ipv6' : 'ipv4')
  return here
}

function interfaceAddresses(): readonly string[] {
  return Object.values(networkInterfaces()).flatMap((addresses = []) => addresses.map(({ address }) => address))
}
