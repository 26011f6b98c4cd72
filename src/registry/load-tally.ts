import type { FindingList } from './finding-list.ts'

/** What a load has counted so far. Records count as the national directory counts them: one a system, one an endpoint and interaction. */
export interface LoadTally {
  records: number
  setAside: number
  readonly findings: FindingList
}
