import { evidenceNodesInMemory, loneEvidenceNode } from '../support/evidence-nodes.ts'
import { evidenceConforms } from './evidence.ts'

evidenceConforms('nobody, with one node', async (settings) => [loneEvidenceNode(settings)])
evidenceConforms('memory, with three nodes', async (settings) => evidenceNodesInMemory(3, settings))
