import { world } from './demo-calls.ts'
import type { DemoPorts } from './demo-failure.ts'
import type { Style } from './style.ts'

const inner = 16
const arrow = ' ══ mTLS ═▶ '

/** Consumer, proxy and provider side by side, who they are and where they listen; 78 columns. */
export function picture(ports: Pick<DemoPorts, 'data' | 'provider'>, style: Style): string {
  const { consumer, provider } = world
  const boxes = [
    ['consumer', `ODS ${consumer.odsCode}`, consumer.asid, 'any hospital'],
    ['proxy', 'checks, audits', 'and forwards', `localhost:${ports.data}`],
    ['provider', `ODS ${provider.odsCode}`, provider.asid, `localhost:${ports.provider}`],
  ].map(box) as [string[], string[], string[]]
  const gap = (row: number) => (row === 2 ? style.accent(arrow) : ' '.repeat(arrow.length))
  return boxes[0].map((left, row) => `  ${left}${gap(row)}${boxes[1][row]!}${gap(row)}${boxes[2][row]!}`).join('\n')
}

function box(lines: readonly string[]): string[] {
  const centred = (text: string) => {
    const before = Math.floor((inner - text.length) / 2)
    return `│${' '.repeat(before)}${text}${' '.repeat(inner - text.length - before)}│`
  }
  return [`┌${'─'.repeat(inner)}┐`, ...lines.map(centred), `└${'─'.repeat(inner)}┘`]
}
