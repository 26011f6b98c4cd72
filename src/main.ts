// Nothing is imported before Node has shown that it can run it.
if (Number(process.versions.node.split('.')[0]) < 24) {
  process.stderr.write(`ssp needs Node 24 or later and this is ${process.version}: run it with npx or npm, which bring their own.\n`)
  process.exitCode = 78
} else {
  const { runProgram } = await import('./cli/program.ts')
  const { processTerminal } = await import('./cli/process-terminal.ts')
  process.exitCode = await runProgram(process.argv.slice(2), processTerminal())
}

export {}
