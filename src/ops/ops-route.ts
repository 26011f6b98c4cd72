import type { OpsParts } from './ops-parts.ts'
import type { OpsRole } from './ops-settings.ts'

/** What a route is told about its request. */
export interface OpsCall {
  /** `anybody` on an open route. */
  readonly actor: string
  readonly id: string
  readonly verbose: boolean
  /** The query's parameters; one that comes several times is an array. */
  readonly query: Readonly<Record<string, unknown>>
  readonly accept: string
  readonly body: unknown
}

/** What a route answers: text where it has a content type, else JSON. */
export type OpsAnswer =
  | { readonly status: number; readonly contentType: string; readonly text: string }
  | { readonly status: number; readonly json: unknown }

/** One line of the operators' API. `needs: 'nothing'` is open to whoever reaches the port. */
export interface OpsRoute {
  readonly method: 'GET' | 'POST' | 'DELETE'
  readonly path: string
  readonly needs: 'nothing' | OpsRole
  /** An open route that is given its body, as text of up to 16 KiB whatever its type; those of operators are given JSON. */
  readonly reads?: 'text'
  readonly summary: string
  readonly answer: (parts: OpsParts, call: OpsCall) => OpsAnswer | Promise<OpsAnswer>
}
