import fc from 'fast-check'
import { answerBytes, edgeAnswer } from '../support/edge-answers.ts'
import { startRawProvider } from '../support/fake-provider.ts'
import { plainAnswer } from '../support/scripted-provider.ts'
import { certificates } from '../support/start-world.ts'
import { mutated, pick, type Random } from './mutations.ts'
import { httpWords } from './spine-parsers.ts'

/** Starts a provider that answers well half of the time, else with changed bytes, and hangs up at random. */
export async function startHostileProvider(random: Random): Promise<{ readonly port: number; close(): Promise<void> }> {
  const { provider, authority } = await certificates()
  const edges = fc.sample(edgeAnswer, { seed: random(2 ** 31), numRuns: 500 }).map(answerBytes)
  const good = Buffer.from(plainAnswer('{"resourceType":"Bundle"}'))
  return startRawProvider({ cert: provider.chainPem, key: provider.keyPem, ca: authority.certificatePem }, (socket) => {
    socket.on('data', () => {
      const choice = random(8)
      if (choice < 4) socket.write(good)
      else if (choice < 6) socket.write(pick(random, edges))
      else socket.write(mutated(random, edges, httpWords))
      if (choice === 0) socket.destroy()
      else if (choice > 4) socket.end()
    })
  })
}
