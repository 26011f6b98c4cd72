import { DerMalformed, DerReader, derTag, openSequence } from './der.ts'
import { type DistinguishedName, isWithin } from './distinguished-name.ts'
import { type GeneralName, readGeneralName } from './general-names.ts'

/** The name spaces that an authority is held to and kept out of (RFC 5280 4.2.1.10). */
export interface NameConstraints {
  readonly permitted: readonly GeneralName[]
  readonly excluded: readonly GeneralName[]
}

/** What a certificate below says its names are. */
export interface ConstrainedNames {
  readonly subject: DistinguishedName
  readonly alternative: readonly GeneralName[]
  /** The common name where it stands in for a dNSName. */
  readonly standIn: string | undefined
}

/** Reads the extension; a `minimum` or `maximum` is malformed, RFC 5280 forbids both. */
export function readNameConstraints(der: Buffer): NameConstraints {
  const constraints = openSequence(der)
  const permitted = constraints.optional(derTag.contextConstructed(0))
  const excluded = constraints.optional(derTag.contextConstructed(1))
  constraints.end()
  return { permitted: permitted ? readSubtrees(permitted.content) : [], excluded: excluded ? readSubtrees(excluded.content) : [] }
}

/**
 * The first name that the constraints forbid, or nothing. A constraint on a form that is not judged here (e-mail, URI, IP address
 * and so on) forbids every name of that form: whoever cannot process a constraint must refuse (RFC 5280 4.2.1.10).
 */
export function forbiddenName(constraints: NameConstraints, names: ConstrainedNames): string | undefined {
  const all: GeneralName[] = [...names.alternative]
  if (names.standIn !== undefined) all.push({ form: 'dns', text: names.standIn })
  if (names.subject.parts.length > 0) all.push({ form: 'directory', name: names.subject })
  for (const name of all) {
    const permitted = constraints.permitted.filter(({ form }) => form === name.form)
    const excluded = constraints.excluded.filter(({ form }) => form === name.form)
    if (excluded.some((subtree) => liesIn(name, subtree) !== false)) return describe(name)
    if (permitted.length > 0 && !permitted.some((subtree) => liesIn(name, subtree) === true)) return describe(name)
  }
  return undefined
}

function liesIn(name: GeneralName, subtree: GeneralName): boolean | 'not judged' {
  if (name.form === 'dns' && subtree.form === 'dns') return isSubdomain(name.text.toLowerCase(), subtree.text.toLowerCase())
  if (name.form === 'directory' && subtree.form === 'directory') return isWithin(name.name, subtree.name)
  return 'not judged'
}

/** `host` is the domain or below it; a leading dot, which some authorities write, asks for below only; an empty one holds all. */
function isSubdomain(host: string, domain: string): boolean {
  if (domain === '') return true
  return domain.startsWith('.') ? host.endsWith(domain) : host === domain || host.endsWith(`.${domain}`)
}

function describe(name: GeneralName): string {
  switch (name.form) {
    case 'dns':
      return `dNSName ${JSON.stringify(name.text)}`
    case 'directory':
      return 'the subject'
    default:
      return `a name of the form ${name.form}`
  }
}

function readSubtrees(der: Buffer): readonly GeneralName[] {
  const list = new DerReader(der)
  const bases: GeneralName[] = []
  while (!list.done) {
    const subtree = list.enter()
    bases.push(readGeneralName(subtree.next()))
    if (!subtree.done) throw new DerMalformed('name constraint has a minimum or maximum')
  }
  return bases
}
