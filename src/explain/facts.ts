import type { Admitted } from '../proxy/admission.ts'

/** What a check that passed went by, in words. Nothing of it names a patient or a user. */
export function factsOf(found: Partial<Admitted>): readonly string[] {
  const {
    certificate,
    from,
    to,
    interactionId,
    consumer,
    provider,
    endpoint,
    interaction,
    pathUnderRoot,
    sharingRule,
    claims,
    tokenRemarks,
    holding,
  } = found
  const tightest = holding?.tightest
  return [
    ...(found.target === undefined ? [] : [`target ${found.target.shown}`]),
    ...(certificate === undefined ? [] : [`${certificate.subject}; names: ${certificate.names.join(', ') || 'none'}`]),
    ...(interactionId === undefined ? [] : [`from ${from} to ${to}, ${interactionId}`]),
    ...(consumer === undefined
      ? []
      : [
          `${consumer.asid} is of ${consumer.odsCode}, party key ${consumer.partyKey}; it holds ${consumer.interactions.size} interactions`,
        ]),
    ...(provider === undefined ? [] : [`${provider.asid} is of ${provider.odsCode}, party key ${provider.partyKey}`]),
    ...(endpoint === undefined ? [] : [`registered: ${endpoint.url} (CPA id ${endpoint.cpaId})`]),
    ...(sharingRule === undefined ? [] : [`by data-sharing rule ${sharingRule}`]),
    ...(pathUnderRoot === undefined ? [] : ['the target lies under the registered URL']),
    ...(interaction === undefined ? [] : [`the interaction's form: ${interaction.method} ${interaction.template}`]),
    ...(claims === undefined ? [] : ['the audit token keeps every rule']),
    ...(tokenRemarks ?? []).map((remark) => `remark: ${remark}`),
    ...(tightest === undefined ? [] : [`limit ${tightest.dimension}: ${tightest.quota} at once, as if it were the first call`]),
  ]
}
