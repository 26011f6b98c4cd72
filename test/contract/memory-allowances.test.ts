import { loneNode } from '../support/limit-nodes.ts'
import { allowancesConform } from './allowances.ts'

allowancesConform('one process', async () => [loneNode()])
