/** One measurement of those that are published: its raw figures have a file of their own. */
export interface Reference {
  /** The file's name without its ending. */
  readonly name: string
  /** What is typed behind `npm run bench --`. */
  readonly args: readonly string[]
  /** What makes it as short as it can be: for whoever wants to see that all of it runs. */
  readonly trial: readonly string[]
}

const briefly = ['--rounds', '1', '--requests']

/** Small answers over so many connections; with several processes beside the two that show what the machine does meanwhile. */
function small(connections: number, workers: number): Reference {
  const beside = workers === 1 ? [] : ['--subjects', 'this-proxy,undici,nginx']
  return {
    name: `small-${connections}-connections-${workers}-workers`,
    args: ['small', '--connections', String(connections), '--workers', String(workers), ...beside],
    trial: [...briefly, String(Math.max(200, connections))],
  }
}

function scenario(name: string, requests: string): Reference {
  return { name, args: [name], trial: [...briefly, requests] }
}

/** Everything, in the order in which it is measured: what is promised comes first. */
export const referenceSet: readonly Reference[] = [
  small(64, 1),
  small(64, 2),
  { name: 'handshakes', args: ['handshakes'], trial: ['--rounds', '1', '--handshakes', '50'] },
  { name: 'pace', args: ['pace'], trial: ['--rounds', '1', '--seconds', '2'] },
  { name: 'idle', args: ['idle'], trial: ['--connections', '50,100'] },
  { name: 'gigabyte', args: ['gigabyte', '--subjects', 'this-proxy,undici,nginx'], trial: ['--rounds', '1'] },
  { name: 'refused', args: ['refused'], trial: [...briefly, '100'] },
  { name: 'protection', args: ['protection'], trial: ['--runs', '1', '--seconds', '2'] },
  small(1, 1),
  small(1, 2),
  small(8, 1),
  small(8, 2),
  small(1000, 1),
  small(1000, 2),
  scenario('record', '20'),
  scenario('large', '20'),
  scenario('document', '8'),
  scenario('upload', '20'),
  scenario('handshake', '50'),
  scenario('resumed', '50'),
]
