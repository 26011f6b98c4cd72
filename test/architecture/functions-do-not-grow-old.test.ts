import { sourceFiles } from '../support/source-files.ts'

/**
 * A function that is written where a property is assigned: `call.end = () => …`. V8 takes that for something that stays, as methods of a prototype do, and
 * puts it with the old objects at once (docs/decisions/0063). A file may spread its parameters over lines.
 */
const straightIntoProperty =
  /(?:\.#?\w+|(?<!: [^=\n]*)\]) (?:\?\?=|\|\|=|&&=|=) (?:async )?(?:function\b|(?:\([^()]*(?:\([^()]*\)[^()]*)*\)(?:: [^=\n]+)?|\w+) =>)/g

function findings(text: string): readonly string[] {
  return Array.from(text.matchAll(straightIntoProperty), ([found]) => found)
}

test('no function is written straight into a property', () => {
  const files = sourceFiles('src')
  expect(files.length).toBeGreaterThan(300)
  for (const { path, text } of files) expect({ path, found: findings(text) }).toEqual({ path, found: [] })
})

test.each([
  'taker.abort = (failure) => this.fail(failure)',
  'this.#sink.drained = () => this.#connection?.resume()',
  'asked.check ??= async () => {',
  'handlers[name] = (one: Call, done: (end: End) => void): void => {',
  'call.end = (\n  failure,\n) => {',
  'job.ondone = function (error) {',
  'call.end = failure => {',
])('this is one: %s', (text) => {
  expect(findings(text)).toHaveLength(1)
})

test.each([
  'const end = () => {',
  'call.end = end',
  'call.late = now() >= call.due',
  '  end: (failure) => {',
  'if (call.end === undefined) return list.map((one) => one)',
])('this is none: %s', (text) => {
  expect(findings(text)).toEqual([])
})
