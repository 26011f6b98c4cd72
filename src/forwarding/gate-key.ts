/** What a provider's gate and its connections go by: the host and the pin, where there is one. No host has a space. */
export function gateKey(host: string, pin: string | undefined): string {
  return pin === undefined ? host : `${host} ${pin}`
}

/** The host of such a key. */
export function hostOfGate(key: string): string {
  return key.split(' ', 1)[0] ?? key
}
