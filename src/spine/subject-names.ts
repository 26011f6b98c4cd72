/**
 * The names that a subject alone tells of (as `ConsumerCertificate.subject` has it): its common name, lower-cased, where it has just one. Where a
 * certificate goes by others, the audit names them besides.
 */
export function namesInSubject(subject: string): readonly string[] {
  const commonNames = subject.split(', ').flatMap((part) => (part.startsWith('CN=') ? [part.slice(3).toLowerCase()] : []))
  return commonNames.length === 1 ? commonNames : []
}
