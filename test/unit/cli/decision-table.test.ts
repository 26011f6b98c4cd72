import { decisionTableMarkdown, decisionTableText } from '../../../src/cli/decision-table.ts'
import { describeAdmission } from '../../../src/proxy/describe.ts'

const checks = [
  { name: 'one', summary: 'It is so.', modes: ['enforce'], refusals: [{ status: 400, code: 'invalid', text: 'BAD_REQUEST' }] },
  { name: 'number-two', summary: 'A | B.', modes: ['enforce', 'observe'], refusals: [] },
]

describe('the decision table', () => {
  test('as text has a line for each check and each of its refusals', () => {
    expect(decisionTableText(checks).split('\n').slice(2)).toEqual([
      '  1  one         It is so.',
      '       400  invalid  BAD_REQUEST',
      '  2  number-two  A | B. [enforce or observe]',
      '',
    ])
  })

  test('as Markdown has a row for each check', () => {
    expect(decisionTableMarkdown(checks).split('\n')).toEqual([
      '| # | check | true of a request that passed | modes | refusals |',
      '| --: | --- | --- | --- | --- |',
      '| 1 | `one` | It is so. | enforce | 400 `invalid`: `BAD_REQUEST` |',
      '| 2 | `number-two` | A \\| B. | enforce, observe |  |',
      '',
    ])
  })

  test('holds every check of the proxy', () => {
    const { checks: all } = describeAdmission()
    const text = decisionTableText(all)
    const markdown = decisionTableMarkdown(all)
    for (const { name } of all) {
      expect(text).toContain(name)
      expect(markdown).toContain(`| \`${name}\` |`)
    }
    expect(markdown.trim().split('\n')).toHaveLength(all.length + 2)
  })
})
