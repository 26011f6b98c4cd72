import { maybeDone, type VerdictMeaning } from './verdict-meaning.ts'

/** Verdicts of calls that were forwarded and, unless the consumer hung up first, answered by the provider. */
export const answeredVerdicts = {
  ANSWERED: {
    ...{ origin: 'none', retry: 'needless', who: 'nobody' },
    expected: 'The provider answers, and the whole answer reaches the consumer.',
    next: 'Nothing: the call went well.',
  },
  PROVIDER_ANSWERED_REFUSAL: {
    ...{ origin: 'provider', retry: 'after-change', who: 'consumer' },
    expected: 'The provider takes the request, and has what it asks for.',
    next: 'Read the body of the answer: it is the provider’s own, passed as it came, and says what it does not take of the request, or has not. The proxy let the call through.',
  },
  PROVIDER_ANSWERED_BUSY: {
    ...{ origin: 'provider', retry: 'later', who: 'provider' },
    expected: 'The provider has room for the call.',
    next: 'The consumer waits as long as Retry-After of the answer says; the provider, whose own answer was passed as it came, looks at its load. The proxy let the call through.',
  },
  PROVIDER_ANSWERED_ERROR: {
    ...{ origin: 'provider', retry: 'after-change', who: 'provider' },
    expected: 'The provider answers with a status below 500.',
    next: `Look in the provider’s own log for this call: the answer was passed as it came, and the proxy let the call through; ${maybeDone}`,
  },
  CONSUMER_GONE: {
    ...{ origin: 'consumer-network', retry: 'later', who: 'consumer' },
    expected: 'The consumer keeps its connection open until the answer has ended.',
    next: `Look for a time-out in the consumer’s system, or between it and the proxy, that is shorter than the call took; ${maybeDone}`,
  },
  CONSUMER_READS_TOO_SLOWLY: {
    ...{ origin: 'consumer-network', retry: 'later', who: 'consumer' },
    expected: 'The consumer reads its answer at the minimum rate or faster.',
    next: `Look at the load of the consumer’s system and at the line between it and the proxy; ${maybeDone}`,
  },
  ANSWER_CUT_BY_PROVIDER: {
    ...{ origin: 'provider', retry: 'after-change', who: 'provider' },
    expected: 'An answer that has begun goes on, in valid HTTP, to its end.',
    next: `Look in the provider’s own log for this call: its answer stopped, slowed down or became invalid in its midst; ${maybeDone}`,
  },
  ANSWER_CUT_BY_NETWORK: {
    ...{ origin: 'provider-network', retry: 'later', who: 'provider' },
    expected: 'The connection to the provider lasts until its answer has ended.',
    next: `Look for what ended the connection: a restart of the provider’s system, or a device in front of it; ${maybeDone}`,
  },
  ANSWER_CUT_BY_TLS: {
    ...{ origin: 'provider-tls', retry: 'later', who: 'provider' },
    expected: 'TLS with the provider lasts until its answer has ended.',
    next: `Look at the provider’s TLS log for the alert that the record names; ${maybeDone}`,
  },
} as const satisfies Readonly<Record<string, VerdictMeaning>>
