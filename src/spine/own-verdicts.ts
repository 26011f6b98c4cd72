import { maybeDone, type VerdictMeaning } from './verdict-meaning.ts'

const ourOwn = { origin: 'proxy', retry: 'later', who: 'operator' } as const

/** Verdicts of calls that nothing is wrong with: the proxy itself cannot take them. */
export const ownVerdicts = {
  REGISTRY_UNAVAILABLE: {
    ...ourOwn,
    expected: 'The directory, and its records of both parties, can be trusted.',
    next: 'Look at /readyz?verbose, and at ssp registry lint for the record that is set aside.',
  },
  AUDIT_UNAVAILABLE: {
    ...ourOwn,
    expected: 'The record of the forwarding is on disk.',
    next: 'Make room, or repair the disk of the audit log.',
  },
  INDEX_UNAVAILABLE: {
    ...ourOwn,
    expected: 'The index of the audit trail can be asked.',
    next: 'Look at /readyz?verbose for what keeps the index; calls go on without it.',
  },
  LOCKOUTS_UNKNOWN: {
    ...ourOwn,
    expected: 'The process that decides knows who is locked out now.',
    next: 'Look whether the process that steers the workers, or the machine, stands still; send the call again: it goes to another instance.',
  },
  SHUTTING_DOWN: {
    ...ourOwn,
    expected: 'The proxy is not stopping.',
    next: `Send the call again: it goes to another instance. Where it was forwarded, ${maybeDone}`,
  },
  INTERNAL_SERVER_ERROR: {
    ...ourOwn,
    expected: 'Nothing happens that nobody foresaw.',
    next: 'Report the exchange id and the record’s reason to the makers of the proxy.',
  },
} as const satisfies Readonly<Record<string, VerdictMeaning>>
