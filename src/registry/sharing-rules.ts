import { extname } from 'node:path'
import { parseStrictJson } from '../spine/strict-json.ts'
import type { FindingList } from './finding-list.ts'
import { judgeSharingRule } from './judge-sharing-rule.ts'
import type { SharingRule } from './sharing-rule.ts'
import { readLines, type SourceFile } from './text-lines.ts'
import { UnreadableFile } from './unreadable-file.ts'
import { parseYaml, plainYaml } from './yaml-document.ts'
import { readYamlText } from './yaml-text.ts'

/** A file that is only just being written looks so; an empty list must be written down. */
const noRule = 'holds no rule, and every call would be refused: where that is meant, it is a YAML file with "rules: []"'

/**
 * Reads the file of data-sharing rules: YAML with one list `rules`, or NDJSON with a rule a line. Rejects with `UnreadableFile` if a single
 * rule is wrong: a refusal that was set aside would let calls through; and if there is none but for an empty list.
 */
export async function readSharingRules(file: SourceFile, findings: FindingList): Promise<SharingRule[]> {
  const rules: SharingRule[] = []
  const references = new Map<string, string>()
  let firstFault: { place: string; message: string } | undefined
  let faulty = 0

  function take(value: unknown, line: number): void {
    const place = `${file.name}:${line}`
    const judged = judgeSharingRule(value, place)
    if ('reference' in judged) {
      const other = references.get(judged.reference)
      if (other !== undefined)
        findings.warning(place, judged.reference, `the reference stands at ${other} already: decisions by the two look alike`)
      else references.set(judged.reference, place)
      rules.push(judged)
      return
    }
    faulty++
    for (const message of judged) {
      findings.error(place, '', message)
      firstFault ??= { place, message }
    }
  }

  if (/\.ya?ml$/i.test(extname(file.path))) await readYamlRules(file, take)
  else {
    await readLines(file, (line, number) => void (/\S/.test(line) && take(jsonRule(line), number)))
    if (rules.length === 0 && faulty === 0) throw new UnreadableFile(file.name, noRule)
  }
  if (firstFault !== undefined)
    throw new UnreadableFile(
      firstFault.place,
      `${firstFault.message} (${faulty} faulty rules; one is enough to refuse the file, since a lost refusal would let calls through)`,
    )
  return rules
}

async function readYamlRules(file: SourceFile, take: (value: unknown, line: number) => void): Promise<void> {
  const document = parseYaml(await readYamlText(file, 'NDJSON (.ndjson), one rule a line'), file.name)
  const list = document.kind === 'map' ? document.entries.get('rules') : undefined
  if (document.kind !== 'map' || document.entries.size !== 1 || list === undefined)
    throw new UnreadableFile(`${file.name}:${document.line}`, 'must be a map with the list rules and nothing else')
  if (list.kind === 'text' && list.text === '') throw new UnreadableFile(`${file.name}:${list.line}`, noRule)
  if (list.kind !== 'list') throw new UnreadableFile(`${file.name}:${list.line}`, 'rules must be a list')
  for (const item of list.items) take(plainYaml(item), item.line)
}

/** The rule of one line with its objects as `Map`s; a line that is no JSON comes back as text, which is no rule. */
function jsonRule(line: string): unknown {
  const read = parseStrictJson(line, 3)
  return 'fault' in read ? read.fault : mapped(read.value)
}

function mapped(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(mapped)
  if (typeof value !== 'object' || value === null) return value
  return new Map(Object.entries(value).map(([name, member]) => [name, mapped(member)]))
}
