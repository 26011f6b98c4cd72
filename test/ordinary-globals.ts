/**
 * Jest's environment for Node, with globals as a program has them. Jest's own are those of a contextified object behind a Proxy: each `Math`, `Buffer` or
 * `performance` that a test or the proxy names costs two calls out of compiled code, so that what names one in a loop is ten times slower than in production.
 */

import vm from 'node:vm'
import { TestEnvironment } from 'jest-environment-node'

const { createContext } = vm

// biome-ignore lint/style/noDefaultExport: jest takes an environment by no other name.
export default class OrdinaryGlobals extends TestEnvironment {
  constructor(...given: ConstructorParameters<typeof TestEnvironment>) {
    vm.createContext = () => createContext(vm.constants.DONT_CONTEXTIFY)
    try {
      super(...given)
    } finally {
      vm.createContext = createContext
    }
  }
}
