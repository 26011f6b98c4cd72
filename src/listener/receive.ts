import type { IncomingMessage } from 'node:http'
import type { Clock } from '../lib/clock.ts'
import type { Arrival, ConsumerConnection } from '../spine/arrival.ts'
import { newExchangeId } from '../spine/exchange-id.ts'
import type { Refusal } from '../spine/refusal.ts'
import { readWireForm, type WireLimits } from '../spine/wire-form.ts'

/** Reads a raw request into an arrival. The only reader of raw headers and of the request target. */
export function receive(request: IncomingMessage, connection: ConsumerConnection, limits: WireLimits, clock: Clock): Arrival {
  const started = clock.elapsed()
  const headers = new Map<string, string>()
  const rawTarget = request.url ?? ''
  const method = request.method ?? ''
  const form = readWireForm(method, request.httpVersion, rawTarget, request.rawHeaders, headers, limits)
  return {
    exchange: newExchangeId(),
    at: clock.now(),
    started,
    connection,
    method,
    rawTarget,
    rawHeaders: request.rawHeaders,
    headers,
    httpVersion: request.httpVersion,
    form,
  }
}

/** An arrival that the parser could not read: all that is known is why it is refused. */
export function receiveUnreadable(connection: ConsumerConnection, form: Refusal, clock: Clock): Arrival {
  return {
    exchange: newExchangeId(),
    at: clock.now(),
    started: clock.elapsed(),
    connection,
    method: '',
    rawTarget: '',
    rawHeaders: [],
    headers: new Map(),
    httpVersion: '',
    form,
  }
}
