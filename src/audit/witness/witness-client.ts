import { request } from 'node:https'
import { text as readText } from 'node:stream/consumers'

/** Where a witness is, and how it is believed to be it. */
export interface WitnessPlace {
  readonly url: string
  /** PEM texts. */
  readonly anchors: readonly string[]
  readonly timeoutMs: number
}

/** What a witness answered. */
export interface WitnessReply {
  readonly status: number
  readonly contentType: string
  readonly body: string
}

/** Longer than anything that a witness has to say. */
const mostBytes = 16_384

/**
 * Posts a submission over TLS (1.2 or later). Redirects are not followed. Rejects with an Error of one sentence where no answer came in time, or none that is
 * believed, and where `stop` says so.
 */
export async function postSubmission({ url, anchors, timeoutMs }: WitnessPlace, body: string, stop?: AbortSignal): Promise<WitnessReply> {
  const late = AbortSignal.timeout(timeoutMs)
  const signal = stop === undefined ? late : AbortSignal.any([late, stop])
  const bytes = Buffer.from(body)
  try {
    return await new Promise<WitnessReply>((resolve, reject) => {
      const sent = request(`${url.replace(/\/$/, '')}/add-checkpoint`, {
        method: 'POST',
        headers: { 'Content-Type': 'text/plain; charset=utf-8', 'Content-Length': bytes.length, 'Accept-Encoding': 'identity' },
        agent: false,
        ca: [...anchors],
        minVersion: 'TLSv1.2',
        maxHeaderSize: mostBytes,
        signal,
      })
      sent.on('error', reject)
      // As where it changes to another protocol, which nobody asked for: there is no response then, and no error.
      const closed = (): void => reject(new Error('it closed the connection without an answer'))
      sent.once('close', closed)
      sent.once('response', (response) => {
        let length = 0
        response.on('data', (chunk: Buffer) => {
          length += chunk.length
          if (length > mostBytes) sent.destroy(new Error('its answer is longer than a witness has to say'))
        })
        const answer = readText(response)
        sent.off('close', closed)
        answer.then(
          (text) => resolve({ status: response.statusCode ?? 0, contentType: response.headers['content-type'] ?? '', body: text }),
          reject,
        )
      })
      sent.end(bytes)
    })
  } catch (error) {
    if (late.aborted) throw new Error(`it did not answer within ${timeoutMs} ms`, { cause: error })
    throw error
  }
}
