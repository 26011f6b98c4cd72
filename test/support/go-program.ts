import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { type ProgramRun, runProgram } from './outside-program.ts'

/** Where Debian keeps Go's own libraries. */
const modules = '/usr/share/gocode'

/** Runs the Go program in a folder of `test/interop` with this input; what the compiler makes is kept in `cache`. */
export function runGo(go: string, program: string, cache: string, input: string): Promise<ProgramRun> {
  const file = fileURLToPath(new URL(`../interop/${program}/main.go`, import.meta.url))
  return runProgram('/usr/bin/env', ['GO111MODULE=off', `GOPATH=${modules}`, `GOCACHE=${join(cache, 'go')}`, go, 'run', file], { input })
}
