import { draftOf, type RecordDraft, unknownDraft } from './record-draft.ts'
import type { SourceFile } from './text-lines.ts'
import { UnreadableFile } from './unreadable-file.ts'
import { parseYaml, plainYaml, type YamlValue } from './yaml-document.ts'
import { readYamlText } from './yaml-text.ts'

/** Reads the lists `systems` and `endpoints` of a YAML file. Rejects with `UnreadableFile` for a file of another shape. */
export async function readYamlRecords(file: SourceFile, onRecord: (draft: RecordDraft) => void): Promise<void> {
  const document = parseYaml(await readYamlText(file, 'NDJSON (.ndjson) or LDIF (.ldif)'), file.name)
  if (document.kind !== 'map')
    throw new UnreadableFile(`${file.name}:${document.line}`, 'must be a map with the lists systems and endpoints')
  for (const [name, list] of document.entries) {
    if (name !== 'systems' && name !== 'endpoints')
      throw new UnreadableFile(
        `${file.name}:${list.line}`,
        `"${name.slice(0, 64)}" is not known here: a registry file holds systems and endpoints`,
      )
    if (list.kind === 'text' && list.text === '') continue
    if (list.kind !== 'list') throw new UnreadableFile(`${file.name}:${list.line}`, `${name} must be a list`)
    for (const item of list.items) onRecord(draftFrom(name === 'systems' ? 'system' : 'endpoint', item))
  }
}

function draftFrom(kind: 'system' | 'endpoint', item: YamlValue): RecordDraft {
  if (item.kind !== 'map') return unknownDraft(item.line, 'a record must be a map')
  return draftOf(
    kind,
    [...item.entries].map(([key, value]) => [key, plainYaml(value)] as const),
    item.line,
  )
}
