import type { Clock } from '../lib/clock.ts'
import type { Arrival, ConsumerConnection } from '../spine/arrival.ts'
import { newExchangeId } from '../spine/exchange-id.ts'
import type { Refusal } from '../spine/refusal.ts'
import { readWireForm, type WireLimits } from '../spine/wire-form.ts'
import type { RequestHead } from './request-head.ts'

/** Reads a request's head into an arrival. The only reader of raw headers and of the request target. */
export function receive(head: RequestHead, connection: ConsumerConnection, limits: WireLimits, clock: Clock): Arrival {
  const started = clock.elapsed()
  const headers = new Map<string, string>()
  const { method, target, httpVersion, rawHeaders, headerNames } = head
  const form = readWireForm(method, httpVersion, target, rawHeaders, headerNames, headers, limits)
  return {
    exchange: newExchangeId(),
    at: clock.now(),
    started,
    connection,
    method,
    rawTarget: target,
    rawHeaders,
    headerNames,
    headers,
    httpVersion,
    form,
  }
}

/** An arrival that nobody could read: all that is known is why it is refused. */
export function receiveUnreadable(connection: ConsumerConnection, form: Refusal, clock: Clock): Arrival {
  return {
    exchange: newExchangeId(),
    at: clock.now(),
    started: clock.elapsed(),
    connection,
    method: '',
    rawTarget: '',
    rawHeaders: [],
    headerNames: [],
    headers: new Map(),
    httpVersion: '',
    form,
  }
}
