import { fileChunks } from './file-chunks.ts'
import { UnreadableFile, unreadable } from './unreadable-file.ts'

const newline = 0x0a
const chunkSize = 256 * 1024
/** A system with 500 interactions takes 50 kB as one line. */
const lineLimit = 4 * 1024 * 1024

/** One file to read: where it is, and the name that findings give it. */
export interface SourceFile {
  readonly path: string
  readonly name: string
  /** Told of every byte, in order. */
  readonly digest: { update(bytes: Uint8Array): unknown }
}

/**
 * Hands each line to `onLine` without its line end, numbered from 1; memory stays that of a line, not of the file.
 * What is not UTF-8 arrives as U+FFFD. Rejects with `UnreadableFile`, also for a line longer than 4 MB.
 */
export async function readLines(file: SourceFile, onLine: (line: string, number: number) => void): Promise<void> {
  let waiting: Buffer[] = []
  let waitingBytes = 0
  let number = 0

  function emit(bytes: Buffer): void {
    const text = bytes.toString('utf8')
    let from = number === 0 && text.startsWith('\ufeff') ? 1 : 0
    while (from < text.length) {
      const end = text.indexOf('\n', from)
      const to = end < 0 ? text.length : end
      number++
      onLine(text.slice(from, to > from && text.charCodeAt(to - 1) === 0x0d ? to - 1 : to), number)
      from = to + 1
    }
  }

  try {
    for await (const chunk of fileChunks(file.path, file.name, chunkSize)) {
      file.digest.update(chunk)
      const last = chunk.lastIndexOf(newline)
      if (last >= 0) {
        emit(waitingBytes === 0 ? chunk.subarray(0, last + 1) : Buffer.concat([...waiting, chunk.subarray(0, last + 1)]))
        waiting = []
        waitingBytes = 0
      }
      const rest = chunk.subarray(last + 1)
      if (rest.length > 0) waiting.push(rest)
      waitingBytes += rest.length
      if (waitingBytes > lineLimit)
        throw new UnreadableFile(`${file.name}:${number + 1}`, 'the line is longer than 4 MB: one record stands on one line')
    }
  } catch (error) {
    throw unreadable(file.name, error)
  }
  if (waitingBytes > 0) emit(Buffer.concat(waiting))
}
