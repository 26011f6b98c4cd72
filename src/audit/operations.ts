/** What is recorded of an act: what was done, and the names of its details, each with what it says. */
interface Operation {
  readonly summary: string
  readonly detail: Readonly<Record<string, string>>
}

const selector = { kind: 'what is locked out: certificate, asid, party-key, organisation or endpoint', value: 'the one that is meant' }
const lockout = {
  id: 'the lockout',
  ...selector,
  effect: 'block or slow',
  epoch: 'number of the change; the highest counts',
  node: 'machine that made the change',
  author: 'who asked for the lockout',
  reason: 'why',
  evidence: 'exchanges by which a rule decided',
  until: 'when it ends of itself',
  cutConnections: 'connections that were ended',
  cutExchanges: 'calls under way that were ended',
}
const cut = { cutConsumers: 'connections of consumers that were ended', cutProviders: 'connections to providers that were ended' }
const page = { limit: 'most that were shown', after: 'where the page began' }
const host = { host: 'the provider’s host', reason: 'why' }

/**
 * Every act that the audit records as an `operation`: operators' acts and looks, and the proxy's own. An act of an operator is recorded before it is
 * done. What is not named here cannot be recorded.
 */
export const operations = {
  start: { summary: 'The process takes calls.', detail: { version: 'of the program', settings: 'their version', registry: 'its version' } },
  stop: { summary: 'The process ends.', detail: {} },
  reload: { summary: 'An operator asks for a reload.', detail: {} },
  reloaded: { summary: 'Settings and directory were read again and are in force.', detail: { detail: 'what has changed' } },
  'reload-refused': { summary: 'What was read is not valid: all stays as it was.', detail: { detail: 'what is wrong' } },
  'lockout-add': { summary: 'An operator asks for a lockout.', detail: { ...selector, reason: 'why', forSeconds: 'how long' } },
  'lockout-confirm': { summary: 'A second person confirms a lockout.', detail: { id: 'the lockout', ...selector } },
  'lockout-release': { summary: 'An operator ends a lockout.', detail: { id: 'the lockout', ...selector, reason: 'why' } },
  'lockout-drill': { summary: 'An operator measures how fast a lockout would be everywhere; nobody is locked out.', detail: {} },
  'lockout-proposed': { summary: 'A lockout waits for a second person.', detail: lockout },
  'lockout-in-force': { summary: 'A lockout is in force on this machine.', detail: lockout },
  'lockout-released': { summary: 'A lockout has ended on this machine.', detail: lockout },
  'lockout-rule': {
    summary: 'A rule found enough evidence against a certificate.',
    detail: {
      rule: 'its name',
      ...selector,
      would: 'what it would do if it were enforced',
      act: 'what it does: observe, slow or block',
      sum: 'weight of the evidence',
      evidence: 'the exchanges, as far as they are named',
      others: 'other nodes that counted',
    },
  },
  'circuit-hold-open': { summary: 'An operator keeps calls from a provider.', detail: host },
  'circuit-hold-closed': { summary: 'An operator lets calls through to a provider, whatever becomes of them.', detail: host },
  'circuit-release': { summary: 'An operator leaves a provider’s circuit to itself again.', detail: host },
  'revocation-list': {
    summary: 'A revocation list is in force.',
    detail: {
      issuer: 'whose',
      number: 'its number',
      entries: 'certificates on it',
      from: 'file or address',
      nextUpdate: 'when the next is due',
      ...cut,
    },
  },
  'revocation-status': { summary: 'A responder says that a certificate is revoked.', detail: { certificate: 'its SHA-256', ...cut } },
  'exchange-search': {
    summary: 'Somebody searches exchanges.',
    detail: {
      subject: 'hash of the NHS number that was searched for, under the key of the month at that machine',
      personal: 'true where what names people was shown',
      '…': 'each condition by its name',
      ...page,
    },
  },
  'exchange-look': {
    summary: 'Somebody looks at one exchange.',
    detail: { exchange: 'which', personal: 'whether what names people was shown' },
  },
  'event-search': { summary: 'Somebody searches operations and floods.', detail: { '…': 'each condition by its name', ...page } },
  'index-rebuild': { summary: 'Somebody has the index made anew.', detail: {} },
  replay: {
    summary: 'Somebody has recorded calls decided again.',
    detail: { since: 'from when', until: 'to when', settings: 'their version', registry: 'its version', consumer: 'whose calls alone' },
  },
  'rotate-log-key': { summary: 'An operator has the next key made that logs are signed with.', detail: { reason: 'why' } },
  'log-key': {
    summary: 'The log is signed with another key from the next record on.',
    detail: { from: 'the verifier of before', to: 'the verifier from now on', signature: 'by the key of before, empty where it was lost' },
  },
  retention: { summary: 'The keys of months past were destroyed.', detail: { periods: 'the months' } },
} as const satisfies Readonly<Record<string, Operation>>

/** The name of an act. */
export type OperationAct = keyof typeof operations
