import { readFile, stat } from 'node:fs/promises'

/** Trust files beyond this many bytes are refused: a revocation list with a million entries stays below it. */
const mostBytes = 64 * 1024 * 1024

/** The labels of RFC 7468 for what is read here. */
export type PemLabel = 'CERTIFICATE' | 'X509 CRL'

/**
 * Reads the DER objects of a file: every PEM block of that label, or the whole file where it is DER. Throws an Error that says
 * what is wrong with it.
 */
export async function readPemFile(path: string, label: PemLabel): Promise<readonly Buffer[]> {
  const bytes = await readBounded(path)
  if (bytes.length === 0) throw new Error('the file is empty')
  const objects = derObjects(bytes, label)
  if (objects.length === 0) throw new Error(`the file holds no ${label} block`)
  return objects
}

/** Every PEM block of that label, or the bytes themselves where they begin as DER does. Throws an Error on a block that is cut off. */
export function derObjects(bytes: Buffer, label: PemLabel): readonly Buffer[] {
  return bytes[0] === 0x30 ? [bytes] : pemBlocks(bytes.toString('latin1'), label)
}

async function readBounded(path: string): Promise<Buffer> {
  try {
    const found = await stat(path)
    if (found.isDirectory()) throw new Error('this is a directory, not a file')
    if (!found.isFile()) throw new Error('this is no ordinary file')
    if (found.size > mostBytes) throw new Error(`the file is larger than ${mostBytes} bytes`)
    return await readFile(path)
  } catch (error) {
    throw new Error(describeErrno(error))
  }
}

/** The blocks of one label in order; the search goes forward only, so its cost is linear. */
function pemBlocks(text: string, label: PemLabel): readonly Buffer[] {
  const begin = `-----BEGIN ${label}-----`
  const end = `-----END ${label}-----`
  const blocks: Buffer[] = []
  for (let at = text.indexOf(begin); at !== -1; at = text.indexOf(begin, at)) {
    const stop = text.indexOf(end, at)
    if (stop === -1) throw new Error(`block ${blocks.length + 1} has no end`)
    const body = text.slice(at + begin.length, stop).replace(/\s+/g, '')
    if (body === '' || !/^[A-Za-z0-9+/]+={0,2}$/.test(body)) throw new Error(`block ${blocks.length + 1} is not base64`)
    blocks.push(Buffer.from(body, 'base64'))
    at = stop + end.length
  }
  return blocks
}

function describeErrno(error: unknown): string {
  if (typeof error !== 'object' || error === null) return String(error)
  const { code, message } = error as { readonly code?: unknown; readonly message?: unknown }
  switch (code) {
    case 'ENOENT':
      return 'there is no such file'
    case 'EACCES':
    case 'EPERM':
      return 'the file may not be read by this user'
    default:
      return String(message)
  }
}
