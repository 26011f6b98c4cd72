/** What this node says of its evidence against one suspect, as it stands: whoever hears it again, or a later one, has counted nothing twice. */
export interface Statement {
  /** The suspect, as `suspectKey` names it. */
  readonly about: string
  /** In the form of `tallyText`. */
  readonly says: string
}

/** The latest statement of another node. */
export interface HeardStatement extends Statement {
  /** The node's name, for people, and the run of its process, by which its statements belong together. */
  readonly node: string
  readonly run: string
  /** Numbers the statements of a run: the highest counts. */
  readonly nth: number
  /** How long ago it was made, in ms: never less than 0. */
  readonly agoMs: number
}

/** What came of telling. */
export interface Exchanged {
  /** So many of the statements, from the first, are told; the others are to be told anew. */
  readonly told: number
  /** What other nodes have said of those suspects. */
  readonly heard: readonly HeardStatement[]
}

/** Within which bounds others' statements are kept. */
export interface KeptEvidence {
  /** How long after the last one about a suspect. */
  readonly keepMs: number
  /** Of how many suspects; beyond it the one longest without any is forgotten. */
  readonly most: number
}

/** Evidence that several nodes count together: the port that lockouts by rule go through. Nothing here throws or rejects. */
export interface SharedEvidence {
  /** Whether there may be other nodes at all. */
  readonly shared: boolean
  /** Tells, and hears what others have told of the same suspects, in one operation; with no statements it only notices what the store has lost. Undefined where there was no answer in time: it may be told or not. */
  exchange(statements: readonly Statement[], kept: KeptEvidence): Promise<Exchanged | undefined>
  /** Whether this node is to act, of several that see the same at once: the first to ask within `forMs`, and everybody where nobody can be asked. */
  claim(act: string, forMs: number): Promise<boolean>
  /** Tells when what was told may be lost: all of it is to be told again. Returns what ends it. */
  onLost(listener: () => void): () => void
}

/** For a node that is alone. */
export const noOthersEvidence: SharedEvidence = {
  shared: false,
  exchange: async (statements) => ({ told: statements.length, heard: [] }),
  claim: async () => true,
  onLost: () => () => undefined,
}
