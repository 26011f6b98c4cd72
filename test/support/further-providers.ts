import { world } from './start-world.ts'

/** Another provider of the test world: a system with one endpoint for the patient search, at a host of its own. */
export interface FurtherProvider {
  readonly asid: string
  readonly host: string
  readonly root: string
  readonly system: object
  readonly endpoint: object
}

/** Makes the records of a provider called `name`; `number` tells it apart from the others. */
export function furtherProvider(name: string, number: number): FurtherProvider {
  const asid = String(910_000_000_000 + number)
  const odsCode = `F${String(number).padStart(5, '0')}`
  const partyKey = `${odsCode}-0000001`
  const host = `${name}.thirdparty.nhs.uk`
  const root = `https://${host}/${odsCode}/STU3/1`
  return {
    asid,
    host,
    root,
    system: { asid, odsCode, partyKey, interactions: [] },
    endpoint: {
      cpaId: `S9${String(number).padStart(11, '0')}`,
      odsCode,
      partyKey,
      interaction: world.searchPatient,
      url: root,
      fqdn: host,
    },
  }
}
