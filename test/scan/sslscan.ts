import { runProgram } from '../support/outside-program.ts'
import type { ScanTarget } from './scan-target.ts'

type Attributes = Readonly<Record<string, string>>

/** What is a finding in each element of sslscan's XML, and under which name. */
const judges: Readonly<Record<string, (of: Attributes) => string | false>> = {
  protocol: ({ type, version, enabled }) => enabled === '1' && !['1.2', '1.3'].includes(version ?? '') && `protocol ${type} ${version}`,
  renegotiation: ({ supported }) => supported !== '0' && 'renegotiation',
  compression: ({ supported }) => supported !== '0' && 'compression',
  fallback: ({ supported }) => supported !== '1' && 'no fallback protection',
  heartbleed: ({ sslversion, vulnerable }) => vulnerable !== '0' && `heartbleed ${sslversion}`,
  // Anything but an authenticated cipher with a key of an elliptic curve.
  cipher: ({ sslversion, cipher, bits }) =>
    (Number(bits) < 128 || !/^(?:TLS_AES_|TLS_CHACHA20_|ECDHE-(?:RSA|ECDSA)-(?:.*GCM|CHACHA20))/.test(cipher ?? '')) &&
    `suite ${sslversion} ${cipher}`,
  group: ({ sslversion, name, bits }) => (Number(bits) < 128 || name?.startsWith('ffdhe') === true) && `group ${sslversion} ${name}`,
  'connection-signature-algorithm': ({ sslversion, name }) =>
    /md5|sha1(?!\d)|sha224|dsa_sha1|any/.test(name ?? '') && `signature ${sslversion} ${name}`,
  pk: ({ type, bits, error }) => (error !== 'false' || (type === 'RSA' && Number(bits) < 2048)) && `key ${type} ${bits}`,
}

/** Scans the proxy with sslscan and gives what we call a finding in its list: it names no severities. Rejects where it did not scan. */
export async function sslscan(program: string, { world }: ScanTarget): Promise<readonly string[]> {
  const { out, error } = await runProgram(program, [
    ...['--no-colour', '--xml=-', '--sni-name=localhost', '--show-sigs'],
    `localhost:${world.proxy.dataPort}`,
  ])
  const xml = out.toString('utf8')
  if (!/<cipher [^>]*sslversion="TLSv1\.3"/.test(xml)) throw new Error(`sslscan did not scan:\n${xml}\n${error}`)
  const found = [...xml.matchAll(/<([a-z-]+)((?: [a-z]+="[^"]*")+) ?\/>/g)].flatMap(([, element = '', text = '']) => {
    const of = Object.fromEntries([...text.matchAll(/ ([a-z]+)="([^"]*)"/g)].map(([, name, value]) => [name, value]))
    const finding = judges[element]?.(of)
    return finding ? [`sslscan ${finding}`] : []
  })
  const certificate = [...xml.matchAll(/<(self-signed|expired)>true</g)].map(([, what]) => `sslscan certificate ${what}`)
  return [...found, ...certificate]
}
