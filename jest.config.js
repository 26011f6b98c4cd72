/** Jest runs the sources as ES modules; swc strips the types. */
export default {
  testEnvironment: 'node',
  testMatch: ['<rootDir>/test/**/*.test.ts'],
  transform: { '^.+\\.ts$': ['@swc/jest', { jsc: { target: 'es2024', parser: { syntax: 'typescript' } }, module: { type: 'es6' } }] },
  extensionsToTreatAsEsm: ['.ts'],
  // Long enough for a machine that does other things besides; a test that hangs is still told by its name.
  testTimeout: 60_000,
  maxWorkers: 2,
}
