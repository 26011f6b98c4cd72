import { once } from 'node:events'
import type { IncomingHttpHeaders, IncomingMessage } from 'node:http'
import { request } from 'node:https'
import { gunzipSync } from 'node:zlib'
import { type DemoProvider, startDemoProvider } from '../../../demo/provider/demo-provider.ts'
import { createAuthority, type Issued } from '../../support/certificate-authority.ts'

export const acceptFqdn = 'proxy.dev.spine2.ncrs.nhs.uk'
export const stu3 = '/T99999/STU3/1'
export const dstu2 = '/T99999/DSTU2/1'

/** What a call may say beyond its path; `body` is sent as JSON unless it is text. `client` null presents no certificate. */
export interface CallOptions {
  readonly method?: string
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: unknown
  readonly client?: Issued | null
}

export interface Reply {
  readonly status: number
  readonly headers: IncomingHttpHeaders
  readonly text: string
  // biome-ignore lint/suspicious/noExplicitAny: tests read resources of every kind
  readonly json: any
}

export interface RunningDemoProvider {
  readonly provider: DemoProvider
  readonly logged: readonly string[]
  call(path: string, options?: CallOptions): Promise<Reply>
  issue(cn: string): Promise<Issued>
  stranger(): Promise<Issued>
  stop(): Promise<void>
}

/** A demo provider behind real mutual TLS, and a way to call it as the proxy or as somebody else. */
export async function runDemoProvider(now?: () => number): Promise<RunningDemoProvider> {
  const authority = await createAuthority({ name: 'Root' })
  const other = await createAuthority({ name: 'Other root' })
  const server = await authority.issue({ cn: 'provider.thirdparty.nhs.uk' })
  const proxy = await authority.issue({ cn: acceptFqdn })
  const logged: string[] = []
  const provider = await startDemoProvider({
    port: 0,
    certs: { cert: server.chainPem, key: server.keyPem, ca: authority.certificatePem },
    acceptFqdn,
    log: (line) => logged.push(line),
    ...(now === undefined ? {} : { now }),
  })
  return {
    provider,
    logged,
    issue: (cn) => authority.issue({ cn }),
    stranger: () => other.issue({ cn: acceptFqdn }),
    stop: () => provider.close(),
    async call(path, { method = 'GET', headers = {}, body, client = proxy } = {}) {
      const sent = request({
        host: '127.0.0.1',
        port: provider.port,
        path,
        method,
        headers: { ...(body === undefined ? {} : { 'content-type': 'application/fhir+json' }), ...headers },
        ca: authority.certificatePem,
        servername: 'provider.thirdparty.nhs.uk',
        agent: false,
        ...(client === null ? {} : { cert: client.chainPem, key: client.keyPem }),
      })
      sent.end(body === undefined || typeof body === 'string' ? body : JSON.stringify(body))
      const [response] = (await once(sent, 'response')) as [IncomingMessage]
      const raw = Buffer.concat((await response.toArray()) as Buffer[])
      const text = (response.headers['content-encoding'] === 'gzip' ? gunzipSync(raw) : raw).toString('utf8')
      return { status: response.statusCode ?? 0, headers: response.headers, text, json: JSON.parse(text) as unknown }
    },
  }
}

/** The Spine code of a GP Connect OperationOutcome, after seeing that it has its profile and code system. */
export function spineCode(reply: Reply): string {
  expect(reply.json).toMatchObject({
    resourceType: 'OperationOutcome',
    meta: { profile: ['https://fhir.nhs.uk/STU3/StructureDefinition/GPConnect-OperationOutcome-1'] },
    issue: [{ severity: 'error', details: { coding: [{ system: 'https://fhir.nhs.uk/STU3/ValueSet/Spine-ErrorOrWarningCode-1' }] } }],
  })
  return String(reply.json.issue[0].details.coding[0].code)
}
