/** The members of a structured dictionary (RFC 9651) such as `origin=none, id="4f…"`, as text; whatever is none is skipped. */
export function dictionaryOf(header: string): ReadonlyMap<string, string> {
  const members = new Map<string, string>()
  const pattern = /([a-z*][a-z0-9_.*-]*)=(?:"((?:[^"\\]|\\.)*)"|:([A-Za-z0-9+/=]*):|([^\s,;"]+))/g
  for (const [, name, quoted, bytes, bare] of header.slice(0, 16_384).matchAll(pattern))
    members.set(name ?? '', quoted?.replace(/\\(.)/g, '$1') ?? bytes ?? bare ?? '')
  return members
}

/** The named durations of a `Server-Timing` header in milliseconds, in their order. */
export function durationsOf(header: string): readonly { readonly name: string; readonly milliseconds: number }[] {
  return header
    .slice(0, 16_384)
    .split(',')
    .flatMap((metric) => {
      const name = /^\s*([!#$%&'*+.^_`|~0-9A-Za-z-]+)/.exec(metric)?.[1]
      const duration = /;\s*dur\s*=\s*"?(\d+(?:\.\d+)?)/i.exec(metric)?.[1]
      return name === undefined || duration === undefined ? [] : [{ name, milliseconds: Number(duration) }]
    })
}
