import type { LoadedConfig } from './load-config.ts'

/** The settings as one of so many workers has them: of what counts connections on the port, its part. */
export function partOfMachine(loaded: LoadedConfig, among: number): LoadedConfig {
  const { listener } = loaded.config
  const part = (whole: number): number => Math.ceil(whole / among)
  return {
    ...loaded,
    config: {
      ...loaded.config,
      listener: {
        ...listener,
        maxConnections: part(listener.maxConnections),
        maxConnectionsPerAddress: part(listener.maxConnectionsPerAddress),
        maxHandshakesPerAddress: part(listener.maxHandshakesPerAddress),
        maxConnectionsPerCertificate: part(listener.maxConnectionsPerCertificate),
      },
    },
  }
}
