import { answeredVerdicts } from './answered-verdicts.ts'
import { ownVerdicts } from './own-verdicts.ts'
import type { VerdictCode } from './verdict-code.ts'
import { maybeDone, type VerdictMeaning } from './verdict-meaning.ts'

/** Version of the catalogue: it changes when a code goes or takes another meaning, not when one is added. */
export const catalogueVersion = 2

const correctRequest = { origin: 'consumer', retry: 'useless', who: 'consumer' } as const
const askTheRegistrar = { origin: 'policy', retry: 'after-change', who: 'registrar' } as const
const tooLittleRoom = { origin: 'provider', retry: 'later', who: 'provider' } as const
const providerToRepair = { origin: 'provider', retry: 'after-change', who: 'provider' } as const

/** Every verdict there is. A refusal without an entry does not compile. */
export const verdicts = {
  ...answeredVerdicts,
  MALFORMED_REQUEST: {
    ...correctRequest,
    expected: 'The request is HTTP/1.1, with one framing of its body and one clean URL behind the first slash.',
    next: 'Correct what the answer’s issues name; look for a device that rewrites requests on their way.',
  },
  REQUEST_TIMEOUT: {
    ...{ origin: 'consumer-network', retry: 'later', who: 'consumer' },
    expected: 'The request arrives in time, and its body at the minimum rate or faster.',
    next: 'Look at the load of the consumer’s system and at the line between it and the proxy.',
  },
  URI_TOO_LONG: { ...correctRequest, expected: 'The target is no longer than is accepted.', next: 'Search with fewer parameters.' },
  EXPECTATION_FAILED: { ...correctRequest, expected: 'Expect is absent or 100-continue.', next: 'Leave the header away.' },
  HEADERS_TOO_LARGE: {
    ...correctRequest,
    expected: 'The request line and headers are no larger than is accepted.',
    next: 'Leave headers away that the call does not need; shorten the audit token.',
  },
  NOT_IMPLEMENTED: {
    ...correctRequest,
    expected: 'The method is one of HTTP, and the framing one that is spoken here.',
    next: 'Use the method that the interaction names.',
  },
  VERSION_NOT_SUPPORTED: { ...correctRequest, expected: 'The request is in HTTP/1.1.', next: 'Set the client to HTTP/1.1.' },
  NO_CERTIFICATE: {
    ...correctRequest,
    expected: 'The consumer presents its client certificate.',
    next: 'Configure the certificate and its key in the consumer’s TLS client.',
  },
  BAD_CERTIFICATE: {
    ...{ origin: 'consumer', retry: 'after-change', who: 'consumer' },
    expected: 'The certificate chains to the anchors, is in date, is for client authentication and is not revoked.',
    next: 'Have the certificate renewed, and send its intermediate certificates along.',
  },
  CERTIFICATE_NOT_BOUND: {
    ...{ origin: 'consumer', retry: 'after-change', who: 'consumer' },
    expected: 'The certificate is registered for the system that Ssp-From names.',
    next: 'Check Ssp-From and which certificate is in use; if both are right, have the registration corrected.',
  },
  ACCESS_DENIED: {
    ...{ origin: 'policy', retry: 'after-change', who: 'operator' },
    expected: 'No party of the call is locked out.',
    next: 'Ask the operator of the proxy, naming the exchange id; only the operator may say who is locked out, and why.',
  },
  OPTIONS_ANSWERED: {
    ...{ origin: 'none', retry: 'needless', who: 'nobody' },
    expected: 'OPTIONS is answered by the proxy and never forwarded.',
    next: 'Nothing: the answer names the methods.',
  },
  EXCHANGE_SHOWN: {
    ...{ origin: 'none', retry: 'needless', who: 'nobody' },
    expected: 'A party of an exchange asks for its verdict.',
    next: 'Nothing: the answer holds the verdict.',
  },
  EXCHANGE_UNKNOWN: {
    ...{ origin: 'consumer', retry: 'later', who: 'consumer' },
    expected: 'The id is that of an exchange whose party the certificate speaks for, and it is indexed.',
    next: 'Take the id from Ssp-Verdict, not the trace id; of a call that has just ended ask again a second later.',
  },
  METHOD_NOT_ALLOWED: {
    ...correctRequest,
    expected: 'The method is one that is forwarded.',
    next: 'Use a method that the answer’s Allow header names.',
  },
  UNKNOWN_METHOD: { ...correctRequest, expected: 'The method is one of HTTP.', next: 'Use the method that the interaction names.' },
  SSP_HEADERS_INVALID: {
    ...correctRequest,
    expected: 'Ssp-TraceID, Ssp-From, Ssp-To, Ssp-InteractionID and Authorization are there and have the right form.',
    next: 'Correct every header that the answer’s issues name.',
  },
  UNSUPPORTED_MEDIA_TYPE: {
    ...correctRequest,
    expected: 'Content-Type is one that the interaction takes, and Accept and _format can be met.',
    next: 'Send and ask for FHIR in JSON or XML.',
  },
  SENDER_NOT_ACCREDITED: {
    ...askTheRegistrar,
    expected: 'The sending system is accredited to send the interaction.',
    next: 'Check Ssp-InteractionID; if it is right, have the interaction added to the sending system’s accreditation.',
  },
  RECEIVER_UNKNOWN: {
    ...correctRequest,
    expected: 'Ssp-To names a system that is registered.',
    next: 'Look up the receiver’s ASID afresh: it may have changed its system.',
  },
  RECEIVER_NOT_ACCREDITED: {
    ...askTheRegistrar,
    expected: 'The receiving system has a registered endpoint for the interaction.',
    next: 'Have the receiving system’s endpoint registered for the interaction, or do not send it to that receiver.',
  },
  NOT_SHARED: {
    ...askTheRegistrar,
    expected: 'A data-sharing rule allows this pair the interaction.',
    next: 'Have the two organisations’ agreement entered among the data-sharing rules.',
  },
  ENDPOINT_VARIES: {
    ...correctRequest,
    expected: 'The target is the registered endpoint or lies under it.',
    next: 'Take the URL from the directory, and add to it only what the interaction adds.',
  },
  INTERACTION_FORM_VARIES: {
    ...correctRequest,
    expected: 'Method and path are those of the interaction.',
    next: 'Check whether Ssp-InteractionID is the one of this call.',
  },
  ACCESS_TOKEN_INVALID: {
    ...correctRequest,
    expected: 'The audit token is well-formed, in time, fits the interaction, and is signed where the consumer has keys.',
    next: 'Correct the claims that the answer’s issues name; look at the clock of the consumer’s system.',
  },
  INVALID_RESOURCE: {
    ...correctRequest,
    expected: 'The resources within the audit token are valid for their types.',
    next: 'Correct the device, organisation or practitioner that the answer’s issues name.',
  },
  TOO_MANY_REQUESTS: {
    ...{ origin: 'consumer', retry: 'later', who: 'consumer' },
    expected: 'The call is within the rates, the calls at once and the bytes of its parties.',
    next: 'Wait as long as Retry-After says, and send more slowly; ask the operator where the limit is too low for good use.',
  },
  PROVIDER_BUSY: {
    ...tooLittleRoom,
    expected: 'The provider has room for the call in time.',
    next: 'The consumer waits as long as Retry-After says; the provider looks at the load of its system.',
  },
  PROVIDER_UNAVAILABLE: {
    ...tooLittleRoom,
    expected: 'The provider’s circuit is closed: it has been answering.',
    next: 'The provider looks at why its system has been failing; the proxy tries it again by itself.',
  },
  LOOP_DETECTED: {
    ...askTheRegistrar,
    expected: 'The registered endpoint leads to the provider, not back to this proxy.',
    next: 'Have the provider’s endpoint corrected in the directory.',
  },
  PROVIDER_UNREACHABLE: {
    ...{ origin: 'provider-network', retry: 'later', who: 'provider' },
    expected: 'The provider’s name resolves, and a connection to it opens and lasts.',
    next: `Look at the provider’s name, firewall and listener; the record says how far the proxy came. Where the connection broke, ${maybeDone}`,
  },
  PROVIDER_ADDRESS_FORBIDDEN: {
    ...{ origin: 'policy', retry: 'after-change', who: 'operator' },
    expected: 'The provider’s name leads to an address that the proxy may dial.',
    next: 'Correct the name’s address, or allow its network in forwarding.allowedNetworks.',
  },
  PROVIDER_TLS_FAILED: {
    ...{ origin: 'provider-tls', retry: 'after-change', who: 'provider' },
    expected: 'The provider proves its registered name over TLS, and takes the proxy’s certificate.',
    next: 'Look at the provider’s certificate, its chain and its trust in the proxy’s; the record names what failed.',
  },
  PROVIDER_ANSWER_INVALID: {
    ...providerToRepair,
    expected: 'The provider answers in valid HTTP/1.1.',
    next: `Look at what the provider’s system, or a device in front of it, writes; the record names the fault; ${maybeDone}`,
  },
  PROVIDER_TIMEOUT: {
    ...{ origin: 'provider', retry: 'later', who: 'provider' },
    expected: 'The provider begins its answer in time.',
    next: `Look in the provider’s log for how long it worked on this call; ${maybeDone}`,
  },
  PROVIDER_CONNECT_TIMEOUT: {
    ...{ origin: 'provider-network', retry: 'later', who: 'provider' },
    expected: 'A connection to the provider opens in time.',
    next: 'Look for a firewall that drops packets without a word, and at the provider’s load.',
  },
  PROVIDER_TLS_TIMEOUT: {
    ...{ origin: 'provider-tls', retry: 'later', who: 'provider' },
    expected: 'The TLS handshake with the provider ends in time.',
    next: 'Look at the provider’s TLS listener: it took the connection and did not go on.',
  },
  ...ownVerdicts,
} as const satisfies Readonly<Record<VerdictCode, VerdictMeaning>>
