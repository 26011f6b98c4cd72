import { Worker } from 'node:worker_threads'
import { repositoryFiles } from '../../support/repository-files.ts'

/** A regular expression as it stands in the program. */
interface Found {
  readonly place: string
  readonly source: string
  readonly flags: string
}

const literal = /(?<=[(=,:?!&|[{;\s])\/(?![*/])((?:\\.|\[(?:\\.|[^\]\\\n])*\]|[^/\\[\n])+)\/([dgimsuvy]*)(?=[\s.,;):\]}]|$)/g

/** Every literal of the program, comments left out. */
function allOf(): readonly Found[] {
  return repositoryFiles()
    .filter(({ path }) => /^src\/.*\.ts$/.test(path))
    .flatMap(({ path, text }) =>
      text.split('\n').flatMap((line, at) => {
        if (/^\s*(?:\/\/|\/?\*)/.test(line)) return []
        return Array.from(line.matchAll(literal), ([, source = '', flags = '']) => ({ place: `${path}:${at + 1}`, source, flags })).filter(
          ({ source, flags }) => isRegExp(source, flags),
        )
      }),
    )
}

function isRegExp(source: string, flags: string): boolean {
  try {
    new RegExp(source, flags)
    return true
  } catch {
    return false
  }
}

/** Runs in a thread of its own, which can be stopped: what is slower than linear in this many characters does not end. */
const attack = `
const { workerData, parentPort } = require('node:worker_threads')
const length = 100_000
for (const { place, source, flags } of workerData) {
  const letters = [...new Set([...source.replace(/\\\\[wdsWDSbBnrtx]/g, '')].filter((one) => !'^$()[]{}|?*+\\\\'.includes(one))), 'a', 'A', '0', '%', '.', '-', ' ', '\\t', ',', ';', '"', '\\\\', '/', '\\u0000', '\\u00e9']
  const seeds = [...letters, ...letters.slice(0, 12).flatMap((one) => letters.slice(0, 12).map((other) => one + other))]
  for (const seed of seeds) {
    const text = seed.repeat(length / seed.length)
    for (const hostile of [text, text + '\\n!', '/https://' + text, 'x=' + text + '\\u0000']) {
      parentPort.postMessage(place + ' /' + source + '/' + flags + ' against ' + JSON.stringify(seed))
      const expression = new RegExp(source, flags)
      expression.test(hostile)
    }
  }
}
parentPort.postMessage('')
`

/** Expressions that are only ever given a few characters, and what bounds them. */
const bounded: Readonly<Record<string, string>> = {
  'src/app/load-settings.ts /(?::\\d+)+$/': 'the name of a place in the settings file, which is ours',
  'src/forwarding/dial-guard.ts /(\\d+)\\.(\\d+)\\.(\\d+)\\.(\\d+)$/':
    'an address that isIPv6 has taken for one: at most 45 characters and a zone',
}

test('D9: no regular expression of the program takes more than linear time, whatever it is asked', async () => {
  const nameOf = ({ place, source }: Found) => `${place.replace(/:\d+$/, '')} /${source}/`
  const all = allOf()
  const names = new Set(all.map(nameOf))
  expect(Object.keys(bounded).filter((name) => !names.has(name))).toEqual([])
  const found = all.filter((one) => !(nameOf(one) in bounded))
  expect(found.length).toBeGreaterThan(60)
  const slow = new Map<string, string>()
  let left: readonly Found[] = found
  while (left.length > 0) {
    const last = await attackUntilStuck(left)
    if (last === undefined) break
    const at = left.findIndex(({ place, source }) => last.startsWith(`${place} /${source}/`))
    slow.set(last.split(' against ')[0] ?? '', last)
    left = left.slice(at + 1)
  }
  expect([...slow.values()]).toEqual([])
}, 600_000)

/** Attacks each in turn; the one that does not end, or undefined where all do. */
async function attackUntilStuck(expressions: readonly Found[]): Promise<string | undefined> {
  const worker = new Worker(attack, { eval: true, workerData: expressions })
  let timer: NodeJS.Timeout | undefined
  let last = ''
  const stuck = await new Promise<string | undefined>((resolve, reject) => {
    worker.on('message', (place: string) => {
      last = place
      clearTimeout(timer)
      // Quadratic would be 10^10 steps; linear is a few milliseconds.
      timer = setTimeout(() => resolve(last), 2_000)
      if (place === '') resolve(undefined)
    })
    worker.on('error', reject)
  })
  clearTimeout(timer)
  await worker.terminate()
  return stuck
}
