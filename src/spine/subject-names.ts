import type { ConsumerCertificate } from './arrival.ts'

/**
 * The names that a subject alone tells of (as `ConsumerCertificate.subject` has it): its common name, lower-cased, where it has just one. Where a
 * certificate goes by others, the audit names them besides.
 */
export function namesInSubject(subject: string): readonly string[] {
  const commonNames = subject.split(', ').flatMap((part) => (part.startsWith('CN=') ? [part.slice(3).toLowerCase()] : []))
  return commonNames.length === 1 ? commonNames : []
}

/** Of each certificate once: it is one object for all connections that it comes over. */
const besides = new WeakMap<ConsumerCertificate, readonly string[] | false>()

/** The names of a certificate where its subject alone does not tell of them all; undefined where it does. */
export function namesBesidesSubject(certificate: ConsumerCertificate): readonly string[] | undefined {
  const { names, subject } = certificate
  const found = besides.get(certificate) ?? (!isSame(names, namesInSubject(subject)) && names)
  besides.set(certificate, found)
  return found === false ? undefined : found
}

function isSame(some: readonly string[], others: readonly string[]): boolean {
  return some.length === others.length && some.every((name, at) => name === others[at])
}
