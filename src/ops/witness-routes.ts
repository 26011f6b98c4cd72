import type { OpsParts } from './ops-parts.ts'
import type { OpsRoute } from './ops-route.ts'
import { Problem } from './problem.ts'

function witnessOf(parts: OpsParts): NonNullable<ReturnType<OpsParts['witness']>> {
  const witness = parts.witness()
  if (witness === undefined) throw new Problem(404, 'This proxy is no witness of others’ logs.')
  return witness
}

/** This proxy as a witness of others' logs (C2SP tlog-witness): open, for what counts is the log's signature. */
export const witnessRoutes: readonly OpsRoute[] = [
  {
    method: 'GET',
    path: '/witness',
    needs: 'nothing',
    summary:
      'This proxy as a witness of others’ logs: the key by which its cosignatures are known, and what it has cosigned; 404 where it is none.',
    answer: (parts) => {
      const witness = witnessOf(parts)
      return { status: 200, json: { verifier: witness.verifierText(), logs: witness.witnessed() } }
    },
  },
  {
    method: 'POST',
    path: '/witness/add-checkpoint',
    needs: 'nothing',
    reads: 'text',
    summary: 'A log shows its checkpoint to this witness and is given a cosignature (C2SP tlog-witness).',
    answer: async (parts, { body }) => {
      const { status, contentType, text } = await witnessOf(parts).addCheckpoint(typeof body === 'string' ? body : '')
      return { status, contentType, text }
    },
  },
]
