import type { AnswerSink } from '../forwarding/answer-sink.ts'
import { type BodySource, readAlong } from '../forwarding/body-source.ts'
import type { Holding } from '../protection/allowances.ts'
import type { Admitted } from './admission.ts'

/** The two bodies of an exchange, as the provider's leg takes and gives them. */
interface Bodies {
  readonly body: BodySource
  readonly sink: AnswerSink
}

/**
 * The bodies, counted against the call's limits as they pass, where one of these is on bytes: a request's without a declared length, and the
 * answer's. (A declared length was counted when the call was let in.) The call gives all of it back at its end.
 */
export function weighed({ body, sink }: Bodies, { holding, body: framing }: Pick<Admitted, 'holding' | 'body'>): Bodies {
  if (holding?.weighs !== true) return { body, sink }
  return {
    body: framing.kind === 'chunked' ? readAlong(body, (piece) => holding.carry(piece.length)) : body,
    sink: weighedSink(sink, holding),
  }
}

function weighedSink(sink: AnswerSink, holding: Holding): AnswerSink {
  return {
    begin: (status, reason, headers) => sink.begin(status, reason, headers),
    write(chunk) {
      holding.carry(chunk.length)
      return sink.write(chunk)
    },
    flush: () => sink.flush(),
    end: () => sink.end(),
    cut: () => sink.cut(),
    get listener() {
      return sink.listener
    },
    set listener(listener) {
      sink.listener = listener
    },
  }
}
