import { startScript } from '../support/start-script.ts'

/** Every program that measures or does harm, with a value that one of its options cannot have. */
const programs: Readonly<Record<string, readonly [option: string, value: string]>> = {
  soak: ['--minutes', '0'],
  chaos: ['--kills', '1e3'],
  fuzz: ['--cases', '-5'],
  flood: ['--callers', 'many'],
  simulate: ['--hours', '25'],
  growth: ['--most', '10'],
  'index-scale': ['--only', 'mysql'],
  'registry-scale': ['--systems', '1.5'],
  'policy-cost': ['--runs', ''],
  'lockout-fan-out': ['--lockouts', '0x10'],
  scan: ['--json', ''],
  bench: ['--subjects', 'undici,apache'],
}
const scenes = ['idle', 'pace', 'handshakes', 'refused', 'protection', 'report']

test.each(Object.keys(programs))('npm run %s -- --help tells what it is for, its options and its exit codes', async (name) => {
  const { code, out, error } = await startScript(name, ['--help']).ended
  expect(error).toBe('')
  expect(out).toMatch(new RegExp(`^npm run ${name} --( \\[scenario …\\])? \\[options\\]\n\n[A-Z][^]*?\\.\n\n`))
  expect(out).toMatch(/\nOptions, and what they are unless told:\n(?: {2}--.*\n)* {2}--help +this text\n/)
  expect(out).toMatch(/\nExit codes:\n {2}0 .*\n(?: {2}\d+ .*\n)* {2}64 +the command line is wrong\n/)
  expect(code).toBe(0)
})

test.each(Object.entries(programs))(
  'npm run %s refuses a value that an option cannot have in one line that names it, then tells how it is used',
  async (name, [option, value]) => {
    const { code, out, error } = await startScript(name, [option, value]).ended
    const [line = '', empty, usage] = error.split('\n')
    expect(line).toContain(option)
    expect(empty).toBe('')
    expect(usage).toMatch(new RegExp(`^npm run ${name} --`))
    expect(error).not.toContain('node:internal')
    expect(out).toBe('')
    expect(code).toBe(64)
  },
)

test.each(scenes)('npm run bench -- %s refuses an option that there is not, and has a usage of its own', async (scene) => {
  const { code, error } = await startScript('bench', [scene, '--jsn']).ended
  expect(error).toMatch(new RegExp(`^there is no option --jsn\n\nnpm run bench -- ${scene} \\[options\\]\n`))
  expect(code).toBe(64)
})
