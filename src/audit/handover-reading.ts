// One of the files that an auditor can run, and check, without the rest: it imports nothing but Node and its neighbours.
import { join } from 'node:path'
import { handoverIn, type PlacedHandover } from './log-handover.ts'
import { jsonObject, plainChunks, type ReadHeader, readSegment, segmentNames } from './segment-reading.ts'

const ignore = (): void => {}

async function* firstLine(path: string): AsyncGenerator<Buffer> {
  for await (const chunk of plainChunks(path, 65_536)) {
    const end = chunk.indexOf(10)
    yield end < 0 ? chunk : chunk.subarray(0, end + 1)
    if (end >= 0) return
  }
}

/** The header of the segment in this file; undefined where it is not whole. */
export async function headerOf(path: string): Promise<ReadHeader | undefined> {
  return (await readSegment(firstLine(path), undefined, ignore, ignore)).header
}

async function handoversOf(path: string): Promise<readonly PlacedHandover[]> {
  const found: PlacedHandover[] = []
  await readSegment(plainChunks(path), undefined, ignore, (index, _digest, json) => {
    const handover = handoverIn(jsonObject(json) ?? {})
    if (handover !== undefined) found.push({ ...handover, index })
  })
  return found
}

/** Who may sign a log, as it says itself. */
export interface LogKeys {
  /** Verifier text of the key that signed it first; undefined where no header names one. */
  readonly firstKey: string | undefined
  readonly handovers: readonly PlacedHandover[]
}

/**
 * Whose log it is and all handovers of it, each with its record, as the headers of its segments tell where they stand: what they are worth, and whether the headers are
 * right, is another question. Of those in segments that were removed on purpose nobody knows more than that they came before the first that is there.
 */
export async function logKeysIn(directory: string): Promise<LogKeys> {
  const paths = (await segmentNames(directory)).map((name) => join(directory, name))
  let before: ReadHeader | undefined
  let path = ''
  let firstKey: string | undefined
  const found: PlacedHandover[] = []
  for (const next of paths) {
    const header = await headerOf(next)
    // One that a start broke off in its header has none of them; the one before has all.
    if (header === undefined) continue
    if (before === undefined) found.push(...header.handovers.map((one) => ({ ...one, index: header.first - 1 })))
    else if (header.handovers.length > before.handovers.length) found.push(...(await handoversOf(path)))
    firstKey ??= header.firstKey
    before = header
    path = next
  }
  if (before !== undefined) found.push(...(await handoversOf(path)))
  return { firstKey, handovers: found }
}
