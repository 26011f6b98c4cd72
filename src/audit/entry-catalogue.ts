import type { AuditEntry, AuditedConsumer, AuditedPersonal, AuditedRequest, Observation } from './entry.ts'

/** What is in an entry under a name: a sentence, or the names within it. `sometimes` may be absent. */
export type EntryField = { readonly meaning: string; readonly sometimes?: true; readonly within?: EntryFields; readonly many?: true }

/** The names of an entry, or of a part of one, in the order of the code. */
export type EntryFields = Readonly<Record<string, EntryField>>

/** A kind of entry. */
export interface EntryKind {
  /** Version of its layout (`v`): it rises with a change that a reader of the old one would misread; a new name does not raise it. */
  readonly version: number
  readonly summary: string
  readonly fields: EntryFields
}

type FieldsOf<Part> = {
  readonly [Name in keyof Part]-?: EntryField &
    (object extends Pick<Part, Name> ? { readonly sometimes: true } : { readonly sometimes?: never })
}
type EntryOf<Kind extends AuditEntry['type']> = Extract<AuditEntry, { readonly type: Kind }>

const sometimes = true
const many = true

const consumer: FieldsOf<AuditedConsumer> = {
  address: { meaning: 'IP address of the connection' },
  certificateSha256: { sometimes, meaning: 'SHA-256 of the client certificate, 64 lower-case hex digits' },
  certificateSubject: { sometimes, meaning: 'its subject, on one line' },
  certificateNames: { sometimes, meaning: 'the names that it goes by, where its subject does not tell them and it was good' },
  tlsProtocol: { sometimes, meaning: 'TLS version' },
  tlsCipher: { sometimes, meaning: 'cipher suite, by its standard name' },
  tlsResumed: { sometimes, meaning: 'whether the session was resumed' },
}

const request: FieldsOf<AuditedRequest> = {
  method: { meaning: 'method' },
  contentType: { sometimes, meaning: '`Content-Type`' },
  traceId: { sometimes, meaning: '`Ssp-TraceID`, the caller’s own' },
  from: { sometimes, meaning: '`Ssp-From`: the sender’s ASID' },
  to: { sometimes, meaning: '`Ssp-To`: the receiver’s ASID' },
  interaction: { sometimes, meaning: '`Ssp-InteractionID`' },
  traceparent: { sometimes, meaning: '`traceparent` (W3C)' },
  redactedUrl: { sometimes, meaning: 'the target without its query, its identifiers replaced' },
  droppedHeaders: { sometimes, meaning: 'names of headers that were not passed on' },
}

const personal: FieldsOf<AuditedPersonal> = {
  url: { sometimes, meaning: 'the whole target' },
  claims: { sometimes, meaning: 'claims of the audit token, as they came' },
  requestSha256: { sometimes, meaning: 'SHA-256 of the request’s body' },
  responseSha256: { sometimes, meaning: 'SHA-256 of the answer’s body' },
  subjects: { sometimes, meaning: 'NHS numbers in query or body, as keyed hashes' },
}

const observation: FieldsOf<Observation> = {
  rule: { meaning: 'check or limit' },
  code: { meaning: 'with which it would have refused' },
  reason: { meaning: 'why' },
}

const base = {
  v: { meaning: 'version of the layout' },
  at: { meaning: 'when it happened, ms since 1970' },
}
const exchange = { meaning: 'exchange id, 32 hex digits; `Ssp-Verdict` has it' }
const observed = { many, within: observation, meaning: 'each check or limit that only observes and would have refused' } as const
const phases = { meaning: 'milliseconds by phase: `admission`, `queue`, `audit`, `provider`, `total`' }
const sealed = { within: personal, meaning: 'what can name a patient or a user, sealed' }
const rule = { meaning: 'check, or part of the provider’s leg, that decided' }
const origin = { meaning: 'whose doing the end was (fault domain)' }
const organisations: FieldsOf<EntryOf<'forwarding'>['organisations']> = {
  from: { meaning: 'ODS code of the sender' },
  to: { meaning: 'ODS code of the receiver' },
}

const kinds: { readonly [Kind in AuditEntry['type']]: EntryKind & { readonly fields: FieldsOf<EntryOf<Kind>> } } = {
  forwarding: {
    version: 1,
    summary: 'A call was let through. On disk before its first byte goes to the provider.',
    fields: {
      ...base,
      type: { meaning: '`forwarding`' },
      exchange,
      consumer: { within: consumer, meaning: 'the consumer’s connection' },
      request: { within: request, meaning: 'who asked for what' },
      endpoint: {
        meaning: 'the registered endpoint',
        within: {
          cpaId: { meaning: 'its CPA id' },
          url: { meaning: 'its address' },
        } satisfies FieldsOf<EntryOf<'forwarding'>['endpoint']>,
      },
      organisations: { within: organisations, meaning: 'both organisations' },
      registryVersion: { meaning: 'version of the directory that decided' },
      settingsVersion: { meaning: 'version of the settings in force' },
      sharingRule: { meaning: 'the data-sharing rule that allowed it' },
      observed,
      personal: sealed,
    },
  },
  outcome: {
    version: 1,
    summary: 'How a forwarded call ended: exactly one for each, at the next start if need be.',
    fields: {
      ...base,
      type: { meaning: '`outcome`' },
      exchange,
      end: { meaning: '`complete`, `aborted` (a side went away), `refused` (no answer was passed), `interrupted` (the process ended)' },
      status: { meaning: 'what the consumer was answered; 499 where it had gone' },
      providerStatus: { sometimes, meaning: 'what the provider answered' },
      origin,
      rule,
      reason: { sometimes, meaning: 'what was expected and what was found' },
      verdict: { sometimes, meaning: 'name in the catalogue of verdicts' },
      requestBytes: { meaning: 'bytes of the request’s body that were passed' },
      responseBytes: { meaning: 'bytes of the answer’s body that were passed' },
      phases,
      droppedHeaders: { sometimes, meaning: 'names of the answer’s headers that were not passed on' },
      personal: sealed,
    },
  },
  refused: {
    version: 1,
    summary: 'A call that was not forwarded.',
    fields: {
      ...base,
      type: { meaning: '`refused`' },
      exchange,
      consumer: { within: consumer, meaning: 'the consumer’s connection' },
      request: { within: request, meaning: 'who asked for what, as far as it had the right form' },
      status: { meaning: 'what the consumer was answered' },
      code: { meaning: 'the refusal’s code' },
      rule,
      origin,
      reason: { meaning: 'what was expected and what was found' },
      organisations: {
        sometimes,
        meaning: 'the organisations, as far as they were established',
        within: {
          from: { ...organisations.from, sometimes },
          to: { ...organisations.to, sometimes },
        } satisfies FieldsOf<NonNullable<EntryOf<'refused'>['organisations']>>,
      },
      verdict: { sometimes, meaning: 'name in the catalogue of verdicts' },
      registryVersion: { sometimes, meaning: 'version of the directory that decided' },
      observed,
      phases,
      personal: sealed,
    },
  },
  flood: {
    version: 1,
    summary: 'Refused calls that were only counted. With the single entries the counts are exact.',
    fields: {
      ...base,
      type: { meaning: '`flood`' },
      since: { meaning: 'from when it counts, ms since 1970' },
      counts: {
        many,
        meaning: 'one for each rule, status and key',
        within: {
          rule: { meaning: 'check that refused' },
          status: { meaning: 'what was answered' },
          key: { meaning: 'an address, a certificate’s SHA-256, or `*` for the rest' },
          count: { meaning: 'how many' },
        } satisfies FieldsOf<EntryOf<'flood'>['counts'][number]>,
      },
    },
  },
  operation: {
    version: 1,
    summary: 'An operator’s act or look, or an act of the proxy itself.',
    fields: {
      ...base,
      type: { meaning: '`operation`' },
      actor: {
        meaning:
          '`process`, `rule:NAME`, `socket:UID`, `cli:UID` where no proxy ran, an operator’s certificate (SHA-256 and subject), or `party` and that of a call’s party',
      },
      act: { meaning: 'what was done' },
      detail: { meaning: 'with what; by the act' },
    },
  },
}

/** Every kind of entry that the audit log holds. The compiler holds it to the entries' types: a field without a meaning does not compile. */
export const entryCatalogue: Readonly<Record<AuditEntry['type'], EntryKind>> = kinds
