import { Command, Option } from 'commander'
import { describeAdmission } from '../proxy/describe.ts'
import { decisionTableMarkdown, decisionTableText } from './decision-table.ts'
import type { Terminal } from './terminal.ts'

/** `ssp describe`: the decision table, made from the list that the proxy runs by. */
export function describeCommand(terminal: Terminal): Command {
  return new Command('describe')
    .description('Print the checks in their order, with their modes and refusals.')
    .addOption(new Option('--json', 'as JSON').conflicts('markdown'))
    .option('--markdown', 'as a Markdown table')
    .addHelpText('after', '\nExample:\n  ssp describe --json')
    .action(({ json, markdown }: { json?: boolean; markdown?: boolean }) => {
      const table = describeAdmission()
      if (json === true) terminal.out(`${JSON.stringify(table, null, 2)}\n`)
      else terminal.out(markdown === true ? decisionTableMarkdown(table.checks) : decisionTableText(table.checks))
    })
}
