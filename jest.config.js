/** Jest runs the sources as ES modules; swc strips the types. */
export default {
  testEnvironment: '<rootDir>/test/ordinary-globals.ts',
  testMatch: ['<rootDir>/test/**/*.test.ts'],
  transform: { '^.+\\.ts$': ['@swc/jest', { jsc: { target: 'es2024', parser: { syntax: 'typescript' } }, module: { type: 'es6' } }] },
  extensionsToTreatAsEsm: ['.ts'],
  // Long enough for a machine that does other things besides; a test that hangs is still told by its name.
  testTimeout: 240_000,
  // Half of a run is waiting for what takes its time, as timers of Redis clients do: one more than the two cores has the processors busy.
  maxWorkers: 3,
  // A worker has nothing left to do within a millisecond or two; giving back its half gigabyte takes 0.2 s, and beyond jest's own 0.5 s on a busy machine
  // (jestjs/jest#11354). One that still holds something open is told of as before, only later.
  workerGracefulExitTimeout: 15_000,
}
