import { fileChunks } from './file-chunks.ts'
import type { SourceFile } from './text-lines.ts'
import { UnreadableFile, unreadable } from './unreadable-file.ts'

/** YAML is held in memory several times over while it is read (decisions, section 8). */
const yamlLimit = 5 * 1024 * 1024

/**
 * Reads a whole YAML file, at most 5 MB of UTF-8. Rejects with `UnreadableFile`; a larger one is pointed to the streamed
 * formats, `instead`.
 */
export async function readYamlText(file: SourceFile, instead: string): Promise<string> {
  const chunks: Buffer[] = []
  let bytes = 0
  try {
    for await (const chunk of fileChunks(file.path, file.name)) {
      file.digest.update(chunk)
      bytes += chunk.length
      if (bytes > yamlLimit)
        throw new UnreadableFile(file.name, `is larger than 5 MB, the most that is read as YAML: write it as ${instead}`)
      chunks.push(chunk)
    }
  } catch (error) {
    throw unreadable(file.name, error)
  }
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(Buffer.concat(chunks))
  } catch {
    throw new UnreadableFile(file.name, 'is not UTF-8 text')
  }
}
