import { networkInterfaces } from 'node:os'

/** Whether dialling would come back to one of our own ports (O9). */
export function isOwnListener(
  { address, port }: { readonly address: string; readonly port: number },
  ownPorts: readonly number[],
): boolean {
  if (!ownPorts.includes(port)) return false
  if (address.startsWith('127.') || address === '::1') return true
  return Object.values(networkInterfaces()).some((addresses) => addresses?.some((one) => one.address === address))
}
