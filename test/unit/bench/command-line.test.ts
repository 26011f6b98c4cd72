import { commandLine, usageOf } from '../../support/command-line.ts'
import { flag, oneOf, positive, seed, someOf, text, whole, wholes } from '../../support/option-kinds.ts'

const program = {
  command: 'npm run example --',
  purpose: 'Shows it.',
  options: {
    rounds: whole('rounds', { otherwise: 5, to: 100 }),
    requests: whole('requests', { otherwiseSaid: 'as many as fit' }),
    minutes: positive('how long'),
    json: flag('JSON'),
    out: text('DIR', 'a folder'),
    only: oneOf(['one', 'other'], 'one of two'),
    subjects: someOf(['a', 'b', 'c'], 'some of three'),
    counts: wholes('how many', [1, 10], 1000),
    seed: seed(),
  },
  words: { shape: '[scenario …]', says: ['Scenarios: small'], known: ['small'] },
  exits: { 0: 'well', 1: 'not well' },
  wrong: ({ rounds, json }: { rounds: number; json: boolean }) => (rounds === 13 && json ? '--rounds 13 has no JSON' : undefined),
}

const read = (...args: string[]) => commandLine(program, args)
const valuesOf = (...args: string[]) => {
  const line = read(...args)
  if (line.kind !== 'run') throw new Error(JSON.stringify(line))
  return line.values
}

test('what is not told is as the usage has it', () => {
  const { seed: from, ...values } = valuesOf()
  expect(values).toEqual({ rounds: 5, json: false, counts: [1, 10] })
  expect(Number.isInteger(from)).toBe(true)
})

test('each kind of value is read', () => {
  const all = ['--rounds', '100', '--requests=7', '--minutes', '0.5', '--json', '--out', 'figures', '--only', 'other']
  expect(valuesOf(...all, '--subjects', 'c,a', '--counts', '5,1000', '--seed', '0')).toEqual({
    ...{ rounds: 100, requests: 7, minutes: 0.5, json: true, out: 'figures', only: 'other' },
    ...{ subjects: ['a', 'c'], counts: [5, 1000], seed: 0 },
  })
  expect(read('small')).toMatchObject({ kind: 'run', words: ['small'] })
})

test.each([
  [['--round', '5'], 'there is no option --round'],
  [['-r'], 'there is no option -r'],
  [['smal'], 'there is no "smal" here'],
  [['--rounds'], '--rounds takes a whole number from 1 to 100'],
  [['--rounds', '0'], '--rounds takes a whole number from 1 to 100, not "0"'],
  [['--rounds', '101'], '--rounds takes a whole number from 1 to 100, not "101"'],
  [['--rounds', '--json'], '--rounds takes a whole number from 1 to 100, not "--json"'],
  [['--requests', '5 000'], '--requests takes a whole number from 1, not "5 000"'],
  [['--minutes', 'Infinity'], '--minutes takes a number above 0, 100000 at most, not "Infinity"'],
  [['--minutes', '0.0'], '--minutes takes a number above 0, 100000 at most, not "0.0"'],
  [['--minutes', '100000.5'], '--minutes takes a number above 0, 100000 at most, not "100000.5"'],
  [['--json=yes'], '--json takes no value, not "yes"'],
  [['--out', ''], '--out takes a value, not ""'],
  [['--only', 'both'], '--only takes one of one, other, not "both"'],
  [['--subjects', 'a,d'], '--subjects takes some of a, b, c, with commas between them, not "a,d"'],
  [['--counts', '1,1001'], '--counts takes whole numbers from 1 to 1000, with commas between them, not "1,1001"'],
  [['--rounds', '13', '--json'], '--rounds 13 has no JSON'],
])('%j is told in one line', (args, line) => {
  expect(read(...args)).toEqual({ kind: 'wrong', line })
})

test('help is told whatever else is asked', () => {
  expect(read('--round', '-h')).toEqual({ kind: 'help' })
})

test('the usage lists options in columns, with what they are unless told', () => {
  expect(usageOf(program)).toBe(`npm run example -- [scenario …] [options]

Shows it.

Scenarios: small

Options, and what they are unless told:
  --rounds N        rounds (5)
  --requests N      requests (as many as fit)
  --minutes N       how long
  --json            JSON
  --out DIR         a folder
  --only one|other  one of two
  --subjects A,B    some of three (all)
  --counts N,N      how many (1,10)
  --seed N          where the random numbers begin, so that a run can be repeated (the clock's)
  --help            this text

Exit codes:
  0   well
  1   not well
  64  the command line is wrong
`)
})
