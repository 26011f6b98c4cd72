import { generateKeyPairSync } from 'node:crypto'
import { readReceipt, receiptProblem, receiptText } from '../../src/audit/receipt-proof.ts'
import {
  checkpointIn,
  checkpointText,
  noteOf,
  noteVerifier,
  readCheckpoint,
  readVerifier,
  verifierText,
} from '../../src/audit/signed-note.ts'
import { cosignatureLine, cosignatureOf, cosigner } from '../../src/audit/witness/cosignature.ts'
import { readSubmission, submissionText } from '../../src/audit/witness/submission.ts'
import { type FuzzedParser, latin1 } from './fuzzed-parser.ts'

/** What strangers send of logs: a witness's submissions, notes, keys and receipts. None of these readers throws. */
export function auditParsers(): readonly FuzzedParser[] {
  const { publicKey, privateKey } = generateKeyPairSync('ed25519')
  const log = noteVerifier('node1/main', publicKey)
  const by = cosigner('w.example/1', publicKey)
  const text = checkpointText({ origin: 'node1/main', size: 300, root: Buffer.alloc(32, 7) })
  const note = noteOf(text, [{ verifier: log, signature: Buffer.alloc(64, 9) }])
  const cosigned = `${note}${cosignatureLine(text, 1_790_000_000, { verifier: by, key: privateKey })}`
  const group = {
    log: 'node1/main',
    key: log.id.toString('hex'),
    first: 16,
    count: 2,
    treeRoot: Buffer.alloc(32, 3),
    signature: Buffer.alloc(64, 4),
  }
  const receipt = { index: 17, leaf: Buffer.alloc(32, 5), path: [Buffer.alloc(32, 6)], group }
  const proof = [Buffer.alloc(32, 1), Buffer.alloc(32, 2)]
  const dictionary = latin1(['old ', '\n\n', '\n', ' ', '+', '=', '\xe2\x80\x94 ', '0', '999999999999999', '1e9', '-1', '\x00'])
  return [
    {
      name: 'submission',
      weight: 1,
      samples: [submissionText({ old: 7, proof, note }), submissionText({ old: 0, proof: [], note: cosigned })].map((one) =>
        Buffer.from(one),
      ),
      dictionary,
      run(bytes) {
        const read = readSubmission(bytes.toString())
        if (read === undefined) return
        checkpointIn(read.note)
        readCheckpoint(read.note, log)
      },
    },
    {
      name: 'cosigned note',
      weight: 1,
      samples: [Buffer.from(cosigned)],
      dictionary,
      run: (bytes) => cosignatureOf(bytes.toString(), by),
    },
    {
      name: 'verifier key',
      weight: 1,
      samples: [Buffer.from(verifierText(log))],
      dictionary,
      run: (bytes) => readVerifier(bytes.toString()),
    },
    {
      name: 'receipt',
      weight: 1,
      samples: latin1([receiptText(receipt)]),
      dictionary: [...dictionary, ...latin1([':', '"', '(', ')', ', ', ';'])],
      run(bytes) {
        const read = readReceipt(bytes.toString('latin1'))
        return read && receiptProblem(read, log)
      },
    },
  ]
}
