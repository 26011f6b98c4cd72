import { type Refusal, type RefusalCode, refuse } from '../spine/refusal.ts'

/** The refusal for what Node's parser would not read, or undefined where the connection itself has gone and nobody is left to answer. */
export function refusalOfParserFault(error: NodeJS.ErrnoException): Refusal | undefined {
  const code = error.code ?? ''
  switch (code) {
    case 'HPE_HEADER_OVERFLOW':
      return wireFault('HEADERS_TOO_LARGE', 'the request line and headers are larger than is accepted')
    case 'ERR_HTTP_REQUEST_TIMEOUT':
      return wireFault('REQUEST_TIMEOUT', 'the request did not arrive in time')
    case 'HPE_INVALID_METHOD':
      return wireFault('NOT_IMPLEMENTED', 'the method is not one of HTTP')
    case 'HPE_INVALID_VERSION':
      return wireFault('VERSION_NOT_SUPPORTED', 'the version of HTTP is not spoken here: use HTTP/1.1')
    default:
      return code.startsWith('HPE_') ? wireFault('MALFORMED_REQUEST', parserDetail(code)) : undefined
  }
}

function wireFault(code: RefusalCode, detail: string): Refusal {
  return refuse('wire-form', code, { reason: detail, faults: [{ detail }] })
}

function parserDetail(code: string): string {
  switch (code) {
    case 'HPE_INVALID_CONTENT_LENGTH':
    case 'HPE_UNEXPECTED_CONTENT_LENGTH':
      return 'Content-Length is not one length, or stands beside Transfer-Encoding'
    case 'HPE_INVALID_TRANSFER_ENCODING':
      return 'Transfer-Encoding is not understood, or stands beside Content-Length'
    case 'HPE_INVALID_CHUNK_SIZE':
    case 'HPE_CHUNK_EXTENSIONS_OVERFLOW':
      return 'the chunked body is malformed'
    case 'HPE_INVALID_HEADER_TOKEN':
    case 'HPE_UNEXPECTED_SPACE':
      return 'a header line is malformed'
    case 'HPE_INVALID_URL':
      return 'the request target is malformed'
    default:
      return `the request is not HTTP/1.1 (${code.slice(4).toLowerCase().replaceAll('_', ' ')})`
  }
}
