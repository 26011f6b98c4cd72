import { setImmediate as turn } from 'node:timers/promises'
import { systemClock } from '../../../src/lib/clock.ts'
import type { TlsClientPem } from '../../../src/lib/tls-client-settings.ts'
import { openRedisConnection, type RedisConnection, type RedisHealth, redisScript } from '../../../src/state/redis-connection.ts'
import { type RedisSettings, redisSettings } from '../../../src/state/state-settings.ts'
import { closedAfterEach } from '../../support/closed-after-each.ts'
import { whereInstalled } from '../../support/outside-program.ts'
import { type RedisServer, type RedisServerOptions, startRedisServer } from '../../support/redis-server.ts'
import { certificates } from '../../support/start-world.ts'
import { startTcpRelay } from '../../support/tcp-relay.ts'
import { until } from '../../support/until.ts'

whereInstalled('redis-server', (program) => {
  const closing = closedAfterEach()

  async function serve(options: RedisServerOptions = {}): Promise<RedisServer> {
    const server = await startRedisServer(program, options)
    closing.push(() => server.close())
    return server
  }

  /** Where it is not the budget that is tried it is so large that a Redis which a busy machine lets wait keeps to it. */
  function open(settings: Partial<RedisSettings>, tls?: TlsClientPem): RedisConnection & { readonly told: readonly RedisHealth[] } {
    const told: RedisHealth[] = []
    const connection = openRedisConnection(redisSettings.parse({ commandTimeoutMs: 10_000, ...settings }), {
      tls: () => tls,
      clock: systemClock,
      changed: (health) => told.push(health),
    })
    closing.push(() => connection.close())
    return Object.assign(connection, { told })
  }

  const healthy = (connection: RedisConnection) => until('redis answers', () => connection.health.ok)
  const unwell = (connection: RedisConnection) => until('redis is missed', () => !connection.health.ok)
  /** What promises have come to once all has run that waits for no timer and for nobody else; undefined for those that go on. */
  async function atOnce<T>(promises: readonly Promise<T>[]): Promise<readonly (T | undefined)[]> {
    const settled: (T | undefined)[] = promises.map(() => undefined)
    promises.forEach((one, nth) => void one.then((value) => (settled[nth] = value)))
    await turn()
    return settled
  }
  const whyNot = ({ health }: RedisConnection) => (health.ok ? '' : health.why)

  test('it answers commands and scripts, the first time and when it has forgotten them', async () => {
    const server = await serve()
    const connection = open({ port: server.port })
    await healthy(connection)
    expect(await connection.send('SET', 'k', 'v')).toEqual({ kind: 'reply', value: 'OK' })
    const script = redisScript('return {KEYS[1], tonumber(ARGV[1]) + 1}')
    expect(await connection.run(script, ['k'], ['41'])).toEqual({ kind: 'reply', value: ['k', 42] })
    await server.cli('SCRIPT', 'FLUSH')
    expect(await connection.run(script, ['k'], ['1'])).toEqual({ kind: 'reply', value: ['k', 2] })
    expect(await connection.send('INCR', 'k')).toMatchObject({ kind: 'failed', why: expect.stringMatching(/integer/) })
    expect(connection.health.ok).toBe(true)
  })

  test('it begins without Redis, says why there is none, and uses it once there is one', async () => {
    const server = await serve()
    await server.stop()
    const connection = open({ port: server.port })
    expect(await connection.send('PING')).toMatchObject({ kind: 'failed' })
    await until('the reason is known', () => whyNot(connection).includes('ECONNREFUSED'))
    expect(connection.operations).toBe(0)
    await server.start()
    await healthy(connection)
  })

  test('stopped: commands fail at once; started again, empty, it is used and subscriptions stand again', async () => {
    const server = await serve()
    const connection = open({ port: server.port })
    const heard: string[] = []
    let ready = 0
    connection.subscribe('c', (message) => heard.push(message))
    connection.onReady(() => ready++)
    await healthy(connection)
    await server.stop()
    await unwell(connection)
    const asked = Array.from({ length: 1000 }, () => connection.send('PING'))
    expect((await atOnce(asked)).filter((reply) => reply?.kind !== 'failed')).toEqual([])
    await server.start()
    await healthy(connection)
    expect(await connection.send('GET', 'k')).toEqual({ kind: 'reply', value: null })
    expect(await connection.send('PUBLISH', 'c', 'again')).toMatchObject({ kind: 'reply' })
    await until('the message is heard', () => heard.includes('again'))
    expect(ready).toBe(2)
    expect(connection.told.map(({ ok }) => ok)).toEqual([true, false, true])
  })

  test('held still: an answer is awaited for the budget and no longer; when it goes on, so does the connection', async () => {
    const server = await serve()
    const connection = open({ port: server.port, commandTimeoutMs: 100 })
    await healthy(connection)
    server.pause()
    const began = performance.now()
    expect(await connection.send('PING')).toEqual({ kind: 'failed', why: 'no answer within 100 ms' })
    expect(performance.now() - began).toBeLessThan(1000)
    expect(connection.health).toMatchObject({ ok: false, why: 'no answer within 100 ms' })
    server.resume()
    // It may take longer than such a budget again: where it does, it is asked once more.
    const answer = await until('a command is answered', async () => {
      const reply = await connection.send('PING')
      return reply.kind === 'reply' && reply
    })
    expect([answer, connection.health.ok]).toEqual([{ kind: 'reply', value: 'PONG' }, true])
  })

  test('slow beyond the budget is as good as gone, and is used again when it is fast', async () => {
    const server = await serve()
    const relay = await startTcpRelay(server.port)
    closing.push(() => relay.close())
    const connection = open({ port: relay.port, commandTimeoutMs: 100 })
    await healthy(connection)
    relay.delay(400)
    await unwell(connection)
    expect(whyNot(connection)).toBe('no answer within 100 ms')
    relay.delay(0)
    await healthy(connection)
  })

  test('cut off without a word: the connection is given up and made anew', async () => {
    const server = await serve()
    const relay = await startTcpRelay(server.port)
    closing.push(() => relay.close())
    const connection = open({ port: relay.port, commandTimeoutMs: 100, connectTimeoutMs: 300 })
    let ready = 0
    connection.onReady(() => ready++)
    await healthy(connection)
    relay.cut()
    await until('it tries to connect anew', () => /no connection within 300 ms/.test(whyNot(connection)))
    relay.mend()
    await healthy(connection)
    expect(ready).toBe(2)
  })

  test('a server that takes no writes as it is a replica: it is said, and asked less and less often', async () => {
    const server = await serve()
    await server.cli('REPLICAOF', '127.0.0.1', '1')
    const connection = open({ port: server.port })
    let ready = 0
    connection.onReady(() => {
      ready++
      void connection.send('SET', 'k', 'v')
    })
    await until('it is said why', () => /^READONLY /.test(whyNot(connection)))
    const over = performance.now() + 4_000
    await until('some seconds are over', () => performance.now() > over)
    expect(ready).toBeLessThan(16)
    await server.cli('REPLICAOF', 'NO', 'ONE')
    await until('it is used', async () => connection.health.ok && (await connection.send('SET', 'k', 'v')).kind === 'reply')
  })

  test('a password opens, a wrong one is named as such, and its value is never said', async () => {
    const server = await serve({ lines: ['requirepass right-one', 'user ssp on >of-user ~* &* +@all'] })
    const good = open({ port: server.port, password: 'right-one' })
    const user = open({ port: server.port, username: 'ssp', password: 'of-user' })
    const bad = open({ port: server.port, password: 'wrong-one' })
    const none = open({ port: server.port })
    await healthy(good)
    await healthy(user)
    await until('the wrong one is refused', () => whyNot(bad).includes('WRONGPASS'))
    await until('no one is refused', () => whyNot(none).includes('NOAUTH'))
    expect(whyNot(bad)).not.toContain('wrong-one')
  })

  test('TLS: the server must chain to the anchors and bear the name; it may ask for a certificate', async () => {
    const all = await certificates()
    const server = await serve({ tls: { server: all.server, anchorPem: all.authority.certificatePem, clientsMustProve: true } })
    const mine = { anchors: [all.authority.certificatePem], certificate: all.client.chainPem, key: all.client.keyPem }
    const settings = (serverName?: string) => ({
      port: server.port,
      tls: { anchors: ['-'], ...(serverName !== undefined && { serverName }) },
    })
    await healthy(open(settings(), mine))
    await healthy(open(settings('localhost'), mine))
    const misnamed = open(settings('redis.example.nhs.uk'), mine)
    const strange = open(settings(), { ...mine, anchors: [all.operators.certificatePem] })
    const unproven = open(settings(), { anchors: mine.anchors })
    await until('the wrong name is refused', () => /altnames/.test(whyNot(misnamed)))
    await until('the wrong authority is refused', () => /certificate/.test(whyNot(strange)))
    await until('whoever proves nothing is refused', () => /certificate|closed|ECONNRESET|ended/i.test(whyNot(unproven)))
    for (const refused of [misnamed, strange, unproven]) expect(refused.told).toEqual([])
  })
})
