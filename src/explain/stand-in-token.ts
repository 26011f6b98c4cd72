const header = Buffer.from('{"alg":"none"}').toString('base64url')

/** An unsigned token of these claims, their JSON as it came: the audit keeps a token's claims, and neither its header nor its signature. */
export function standInToken(claims: string): string {
  return `${header}.${Buffer.from(claims).toString('base64url')}.`
}

/** Whether the reason of a refusal by `access-token` is about what the audit does not keep of a token, its form, header or signature, and not about what it claims. */
export function isNotAboutClaims(reason: string): boolean {
  return /^the (?:token (?:must be signed|says alg none and carries|is signed|has \d+ sections|is longer than)|header |signature )/.test(
    reason,
  )
}
