import { createCipheriv, createHmac } from 'node:crypto'
import { connect, type Socket } from 'node:net'
import { connect as connectTls, type TLSSocket } from 'node:tls'

/** A caller that seals its TLS 1.3 records itself, as no library lets one. */
export interface RecordWriter {
  /** For what comes; it must not be written to. */
  readonly socket: TLSSocket
  /** Sends so many messages by which new keys begin. */
  updateKeys(times: number): void
  send(text: string): void
}

const keyUpdate = Buffer.from('1800000100', 'hex')
const [handshake, applicationData] = [22, 23]

/** Shakes hands without a certificate, in AES-256, at a port of this machine. */
export async function openRecordWriter(port: number): Promise<RecordWriter> {
  const below = connect({ host: '127.0.0.1', port })
  let secret = Buffer.alloc(0)
  const socket = connectTls({ socket: below, minVersion: 'TLSv1.3', ciphers: 'TLS_AES_256_GCM_SHA384', rejectUnauthorized: false })
  socket.on('error', () => undefined)
  socket.on('keylog', (line: Buffer) => {
    const [label, , value] = line.toString().trim().split(' ')
    if (label === 'CLIENT_TRAFFIC_SECRET_0') secret = Buffer.from(value ?? '', 'hex')
  })
  // Told of before its last message has been written.
  await new Promise<void>((resolve) => socket.once('secureConnect', () => setImmediate(resolve)))
  return { socket, ...sealing(below, secret) }
}

function sealing(below: Socket, first: Buffer): Omit<RecordWriter, 'socket'> {
  let secret = first
  let sequence = 0n

  function seal(type: number, content: Buffer): Buffer {
    const iv = expand(secret, 'iv', 12)
    iv.writeBigUInt64BE(iv.readBigUInt64BE(4) ^ sequence++, 4)
    const head = Buffer.from([applicationData, 3, 3, 0, 0])
    head.writeUInt16BE(content.length + 17, 3)
    const cipher = createCipheriv('aes-256-gcm', expand(secret, 'key', 32), iv).setAAD(head)
    return Buffer.concat([head, cipher.update(Buffer.concat([content, Buffer.from([type])])), cipher.final(), cipher.getAuthTag()])
  }

  return {
    updateKeys(times) {
      const records = Array.from({ length: times }, () => {
        const record = seal(handshake, keyUpdate)
        secret = expand(secret, 'traffic upd', 48)
        sequence = 0n
        return record
      })
      below.write(Buffer.concat(records))
    },
    send: (text) => void below.write(seal(applicationData, Buffer.from(text, 'latin1'))),
  }
}

/** HKDF-Expand-Label (RFC 8446, 7.1) of no more than one block. */
function expand(secret: Buffer, label: string, length: number): Buffer {
  const name = Buffer.from(`tls13 ${label}`)
  const info = Buffer.concat([Buffer.from([0, length, name.length]), name, Buffer.from([0, 1])])
  return createHmac('sha384', secret).update(info).digest().subarray(0, length)
}
