import { z } from 'zod'
import { type Refusal, refuse } from '../spine/refusal.ts'
import { passed, type Start } from './check-needs.ts'

/** Settings of row 4. */
export const methodSettings = z.strictObject({
  allowed: z
    .array(z.enum(['GET', 'POST', 'PUT', 'HEAD', 'PATCH', 'DELETE']))
    .min(1)
    .default(['GET', 'POST', 'PUT'])
    .describe(
      'Methods that are forwarded. The national service began with GET, POST and PUT. With HEAD, whatever may be asked for by GET may be by HEAD.',
    ),
})

/** Methods of RFC 9110 and RFC 5789: known, so 405 and not 501 where they are not allowed. */
const known: ReadonlySet<string> = new Set(['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS', 'TRACE', 'CONNECT'])

/** Row 4. OPTIONS is answered by the proxy itself, with the odd `Access-Control-Request-Method` of the implementation guide beside the usual names. */
export const method = {
  name: 'method',
  summary: 'The method is one that is forwarded; OPTIONS is answered by the proxy.',
  modes: ['enforce'],
  codes: ['METHOD_NOT_ALLOWED', 'UNKNOWN_METHOD', 'OPTIONS_ANSWERED'],
  create: ({ settings }: { readonly settings: { readonly method: z.infer<typeof methodSettings> } }) => {
    const allowed: ReadonlySet<string> = new Set(settings.method.allowed)
    const listed = [...allowed, 'OPTIONS'].join(', ')
    return function decide(start: Start): object | Refusal {
      if (allowed.has(start.method)) return passed
      if (start.method === 'OPTIONS')
        return refuse('method', 'OPTIONS_ANSWERED', {
          reason: 'OPTIONS is answered by the proxy',
          headers: ['Allow', listed, 'Access-Control-Allow-Methods', listed, 'Access-Control-Request-Method', listed],
        })
      if (known.has(start.method))
        return refuse('method', 'METHOD_NOT_ALLOWED', { reason: `${start.method} is not forwarded`, headers: ['Allow', listed] })
      return refuse('method', 'UNKNOWN_METHOD', { reason: 'the method is not one of HTTP' })
    }
  },
} as const
