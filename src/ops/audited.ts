import type { OpsAct, OpsParts } from './ops-parts.ts'
import { Problem } from './problem.ts'

/** Records an act with its actor before it is done. Throws a `Problem` (503) where the audit does not take it: then it is not done. */
export async function audited(
  parts: OpsParts,
  actor: string,
  act: OpsAct,
  detail: Readonly<Record<string, string | number | boolean>>,
): Promise<void> {
  try {
    await parts.act(actor, act, detail)
  } catch (error) {
    parts.unforeseen(error, act)
    throw new Problem(503, 'The audit cannot record this act, so it was not done.')
  }
}
