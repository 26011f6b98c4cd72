import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'

/** A relay between two programs whose network a test can break. */
export interface TcpRelay {
  readonly port: number
  /** Passes no byte either way, and says nothing: connections stay up, new ones are taken. */
  cut(): void
  /** Passes everything again, what was held back first. */
  mend(): void
  /** Holds every byte this long on its way to the server. Milliseconds. */
  delay(milliseconds: number): void
  /** Puts bytes of its own between those that the server sends, on every connection. */
  intrude(bytes: Buffer): void
  close(): Promise<void>
}

/** Starts a relay to a port of loopback. */
export async function startTcpRelay(target: number): Promise<TcpRelay> {
  const sockets = new Set<Socket>()
  const callers = new Set<Socket>()
  const held: (() => void)[] = []
  let passing = true
  let delayMs = 0
  const track = (socket: Socket): Socket => {
    sockets.add(socket)
    socket.on('error', () => undefined)
    socket.once('close', () => sockets.delete(socket))
    return socket
  }
  const pass = (from: Socket, to: Socket, slow: boolean): void => {
    const deliver = (act: () => void): void => {
      if (!passing) held.push(act)
      else if (slow && delayMs > 0) setTimeout(act, delayMs)
      else act()
    }
    from.on('data', (chunk: Buffer) => deliver(() => to.writable && to.write(chunk)))
    from.on('close', () => deliver(() => to.destroy()))
  }
  const server = createServer((near) => {
    const far = connect(target, '127.0.0.1')
    track(near)
    track(far)
    callers.add(near)
    near.once('close', () => callers.delete(near))
    pass(near, far, true)
    pass(far, near, false)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    port: (server.address() as AddressInfo).port,
    cut() {
      passing = false
    },
    mend() {
      passing = true
      // In one packet, as far as they fit: whoever waits for them reads them at once.
      for (const socket of sockets) socket.cork()
      for (const act of held.splice(0)) act()
      for (const socket of sockets) socket.uncork()
    },
    delay(milliseconds) {
      delayMs = milliseconds
    },
    intrude(bytes) {
      for (const caller of callers) caller.write(bytes)
    },
    async close() {
      for (const socket of sockets) socket.destroy()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}
