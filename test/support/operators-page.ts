import { request } from 'node:https'
import type { World } from './start-world.ts'

/** The text of an open page of the operators' port, whatever its status. */
export function operatorsPage({ proxy, certificates }: Pick<World, 'proxy' | 'certificates'>, path: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const sent = request(
      { host: '127.0.0.1', port: proxy.opsPort, servername: 'localhost', ca: certificates.authority.certificatePem, path, agent: false },
      (response) => {
        let text = ''
        response.on('data', (chunk: Buffer) => {
          text += chunk.toString()
        })
        response.on('error', reject)
        response.on('end', () => resolve(text))
      },
    )
    sent.on('error', reject)
    sent.end()
  })
}
