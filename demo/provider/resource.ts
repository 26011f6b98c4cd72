/** A FHIR resource, or any part of one, as JSON. */
export type FhirJson = { readonly [element: string]: unknown }

/** A FHIR resource as JSON. */
export interface Resource extends FhirJson {
  readonly resourceType: string
  readonly id?: string
}

/** Where the demo practice's STU3 service lives, as the directory has it: no trailing slash. */
export const serviceRoot = 'https://provider.thirdparty.nhs.uk/T99999/STU3/1'

/** The system of NHS numbers in STU3. */
export const nhsNumberSystem = 'https://fhir.nhs.uk/Id/nhs-number'

/** The SNOMED CT code system. */
export const snomed = 'http://snomed.info/sct'

/** A CodeableConcept of one coding. */
export function concept(system: string, code: string, display: string): FhirJson {
  return { coding: [{ system, code, display }] }
}

/** A reference to a resource of this server, such as `Patient/1`. */
export function reference(resource: Resource): { readonly reference: string } {
  return { reference: `${resource.resourceType}/${resource.id ?? ''}` }
}

/** `meta` with one profile of the NHS's STU3 collection, and the version where the resource has one. */
export function meta(profile: string, version?: string): FhirJson {
  return { ...(version === undefined ? {} : { versionId: version }), profile: [`https://fhir.nhs.uk/STU3/StructureDefinition/${profile}`] }
}

/** A searchset Bundle: what was found, then what was included with it. `total` counts the former. */
export function searchset(matches: readonly Resource[], included: readonly Resource[] = [], root = serviceRoot): Resource {
  const entry = (mode: 'match' | 'include') => (resource: Resource) => ({
    fullUrl: `${root}/${resource.resourceType}/${resource.id ?? ''}`,
    resource,
    search: { mode },
  })
  const entries = [...matches.map(entry('match')), ...included.map(entry('include'))]
  return {
    resourceType: 'Bundle',
    meta: meta('GPConnect-Searchset-Bundle-1'),
    type: 'searchset',
    total: matches.length,
    ...(entries.length === 0 ? {} : { entry: entries }),
  }
}
