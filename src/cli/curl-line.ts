/** The request that a saved `curl` command makes. */
export interface CurlRequest {
  readonly method: string
  /** The request target behind the proxy's own address. */
  readonly target: string
  /** As curl would send them, its own included. */
  readonly headers: readonly (readonly [name: string, value: string])[]
  /** File of the client certificate, where one is named. */
  readonly certificate?: string
}

/** The text is no `curl` command, or one that cannot be read. */
export class CurlLineUnreadable extends Error {
  override readonly name = 'CurlLineUnreadable'
}

/** Options without a value that change nothing of the request. */
const flags: ReadonlySet<string> = new Set([
  '--include',
  '-i',
  '--silent',
  '-s',
  '--insecure',
  '-k',
  '--verbose',
  '-v',
  '--compressed',
  '--http1.1',
  '--fail',
  '-f',
  '--show-error',
  '-S',
  '--location',
  '-L',
  '--globoff',
  '-g',
  '--no-buffer',
  '-N',
  '--no-progress-meter',
  '--progress-bar',
  '-#',
  '--ipv4',
  '-4',
  '--ipv6',
  '-6',
  '--tlsv1.2',
  '--tlsv1.3',
  '--no-keepalive',
])
/** Options with a value that change nothing of the request. */
const besides: ReadonlySet<string> = new Set([
  '--cacert',
  '--key',
  '--output',
  '-o',
  '--max-time',
  '-m',
  '--connect-timeout',
  '--resolve',
  '--connect-to',
  '--write-out',
  '-w',
  '--pass',
  '--ciphers',
  '--tls-max',
  '--capath',
  '--cert-type',
  '--key-type',
  '--noproxy',
  '--retry',
  '--retry-delay',
  '--dump-header',
  '-D',
  '--interface',
])
/** Options that are a header by another name. */
const named: ReadonlyMap<string, string> = new Map([
  ['-A', 'User-Agent'],
  ['--user-agent', 'User-Agent'],
  ['-e', 'Referer'],
  ['--referer', 'Referer'],
])
const methods: ReadonlySet<string> = new Set(['-X', '--request'])
const headerOptions: ReadonlySet<string> = new Set(['-H', '--header'])
const bodies: ReadonlySet<string> = new Set(['-d', '--data', '--data-raw', '--data-binary', '--data-ascii'])
const certificates: ReadonlySet<string> = new Set(['-E', '--cert'])

/** Reads a `curl` command as a POSIX shell and curl would. A command substitution, `$(…)`, is left as it stands. Throws `CurlLineUnreadable`. */
export function readCurlLine(text: string): CurlRequest {
  const [program, ...words] = shellWords(text)
  if (program === undefined) throw new CurlLineUnreadable('the input is empty: give the whole curl command')
  if (program !== 'curl') throw new CurlLineUnreadable('the command is not curl')
  const headers: Header[] = []
  let [method, url, certificate, body]: (string | undefined)[] = []
  let asIs = false
  for (let at = 0; at < words.length; at++) {
    words.splice(at, 1, ...unbundled(words[at] as string))
    const [option, inline] = optionOf(words[at] as string)
    const value = (): string => {
      const given = inline ?? words[++at]
      if (given === undefined) throw new CurlLineUnreadable(`${option} has no value`)
      return given
    }
    if (option === undefined || option === '--url') {
      const one = option === undefined ? (words[at] as string) : value()
      if (url !== undefined) throw new CurlLineUnreadable(`the command names several URLs: ${url} and ${one}`)
      url = one
    } else if (flags.has(option)) continue
    else if (besides.has(option)) value()
    else if (methods.has(option)) method = value()
    else if (headerOptions.has(option)) headers.push(headerOf(value()))
    else if (named.has(option)) headers.push([named.get(option) as string, value()])
    else if (bodies.has(option)) body = (body === undefined ? '' : `${body}&`) + value()
    else if (certificates.has(option)) certificate = value().replace(/(?<!\\):[^/]*$/, '')
    else if (option === '-I' || option === '--head') method ??= 'HEAD'
    else if (option === '--path-as-is') asIs = true
    else throw new CurlLineUnreadable(`the option ${option} is not known here: leave it away if it does not matter`)
  }
  if (url === undefined) throw new CurlLineUnreadable('the command names no URL')
  const { host, path, query } = divided(url)
  const target = `${encodedAsCurl(asIs ? path : withoutDotSegments(path))}${query}`
  return {
    method: method ?? (body === undefined ? 'GET' : 'POST'),
    target,
    headers: [...usual(host, body, headers), ...headers].flatMap(([name, sent]) => (sent === undefined ? [] : [[name, sent] as const])),
    ...(certificate !== undefined && { certificate }),
  }
}

/** Short options without a value may stand together, and before one that has one: `-siX` is `-s -i -X`. */
function unbundled(word: string): readonly string[] {
  const first = word.slice(0, 2)
  if (!/^-[^-]./s.test(word) || !flags.has(first)) return [word]
  return [first, ...unbundled(`-${word.slice(2)}`)]
}

/** Long options may have their value behind `=`, short ones directly behind the letter. */
function optionOf(word: string): readonly [option: string | undefined, inline?: string] {
  if (!word.startsWith('-') || word === '-') return [undefined]
  const equals = word.indexOf('=')
  if (word.startsWith('--')) return equals < 0 ? [word] : [word.slice(0, equals), word.slice(equals + 1)]
  const short = word.slice(0, 2)
  return word.length === 2 || flags.has(word) ? [word] : [short, word.slice(2)]
}

/** Without a value: curl sends no such header, not even where it would of itself. */
type Header = readonly [name: string, value: string | undefined]

/** `Name: value`; `Name:` for none of that name, as many write `Expect:`; `Name;` for one that is empty. */
function headerOf(text: string): Header {
  const colon = text.indexOf(':')
  const [, empty] = colon < 0 ? (/^([^;]+);\s*$/.exec(text) ?? []) : []
  if (empty !== undefined) return [empty.trim(), '']
  if (colon < 0) throw new CurlLineUnreadable(`"${text}" is no header`)
  return [text.slice(0, colon).trim(), text.slice(colon + 1).trim() || undefined]
}

/** The proxy's address, and what is behind it but for a fragment, which is not sent. */
function divided(url: string): { readonly host: string; readonly path: string; readonly query: string } {
  const [, host = '', path = '', query = ''] = /^https:\/\/([^/?#]+)([^?#]*)([^#]*)/.exec(url) ?? []
  if (host === '') throw new CurlLineUnreadable(`"${url}" is no https URL`)
  return { host, path: path === '' ? '/' : path, query }
}

/** What is not ASCII in a path, byte by byte in UTF-8, also where dot segments are to stay. In a query it goes as it is. */
function encodedAsCurl(path: string): string {
  return path.replaceAll(/[^\0-\x7f]+/g, (text) => `%${Buffer.from(text).toString('hex').match(/../g)?.join('%')}`)
}

/** RFC 3986, 5.2.4: for those that stand there to the letter. Encoded ones curl sends. */
function withoutDotSegments(path: string): string {
  const [, ...segments] = path.split('/')
  const kept: string[] = []
  segments.forEach((segment, at) => {
    if (segment === '..') kept.pop()
    if (segment !== '..' && segment !== '.') kept.push(segment)
    else if (at === segments.length - 1) kept.push('')
  })
  return `/${kept.join('/')}`
}

/** What curl sends of itself where the command does not say otherwise. A body in a file is of a length that is not known here: 1 stands for it. */
function usual(host: string, body: string | undefined, given: readonly Header[]): readonly (readonly [string, string])[] {
  const names = new Set(given.map(([name]) => name.toLowerCase()))
  const chunked = given.some(([name, value]) => name.toLowerCase() === 'transfer-encoding' && /\bchunked\b/i.test(value ?? ''))
  const own: readonly (readonly [string, string])[] = [
    ['Host', host],
    ['Accept', '*/*'],
    ...(body === undefined
      ? []
      : ([
          ...(chunked ? [] : [['Content-Length', String(body.startsWith('@') ? 1 : Buffer.byteLength(body))] as const]),
          ['Content-Type', 'application/x-www-form-urlencoded'],
        ] as const)),
  ]
  return own.filter(([name]) => !names.has(name.toLowerCase()))
}

/** The words of a command in a POSIX shell (Shell Command Language, 2.2): quotes, backslashes, lines that go on. */
function shellWords(text: string): readonly string[] {
  const words: string[] = []
  let word: string | undefined
  for (let at = 0; at < text.length; ) {
    const rest = text.slice(at)
    const part =
      /^\\\r?\n/.exec(rest) ?? // the line goes on
      /^\s+/.exec(rest) ??
      /^'([^']*)'/.exec(rest) ??
      /^\$'((?:\\[\s\S]|[^'\\])*)'/.exec(rest) ??
      // Each character can be read in one way only, or a mark that is not closed would be looked for in ever so many.
      /^"((?:\\[\s\S]|\$\([^)]*\)|\$(?!\()|[^"\\$])*)"/.exec(rest) ??
      /^\\([\s\S])/.exec(rest) ??
      /^(\$\([^)]*\)|[^\s'"\\]+)/.exec(rest)
    if (part === null) throw new CurlLineUnreadable(`a quotation mark is not closed: ${rest.slice(0, 20)}`)
    const [whole, content] = part
    at += whole.length
    if (content === undefined) {
      if (whole.startsWith('\\')) continue
      if (word !== undefined) words.push(word)
      word = undefined
    } else word = (word ?? '') + unquoted(whole, content)
  }
  return word === undefined ? words : [...words, word]
}

const letters: Readonly<Record<string, string>> = { n: '\n', t: '\t', r: '\r', b: '\b', f: '\f', v: '\v', a: '\x07', e: '\x1b' }

/** What stands in the quotes of `whole`, if it has any, as the shell reads it; `$'…'` as bash does, in which browsers copy a request. */
function unquoted(whole: string, content: string): string {
  if (whole.startsWith('"')) return content.replaceAll(/\\(["\\$`])/g, '$1').replaceAll(/\\\r?\n/g, '')
  if (!whole.startsWith("$'")) return content
  return content.replaceAll(/\\(?:x([0-9A-Fa-f]{1,2})|u([0-9A-Fa-f]{1,4})|([\s\S]))/g, (_all, byte?: string, unit?: string, letter = '') =>
    byte === undefined && unit === undefined ? (letters[letter] ?? letter) : String.fromCharCode(Number.parseInt(byte ?? unit ?? '', 16)),
  )
}
