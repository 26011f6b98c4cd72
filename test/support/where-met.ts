/**
 * Registers tests that need something which not every machine gives. Where it is missing, one test says so by its name: skipped, or, where the need is a
 * `service` and `SSP_REQUIRE_SERVICES` is 1, failing. The only place where a test is left out.
 */
export function whereMet(need: string, met: boolean, kind: 'service' | 'right' | 'input', tests: () => void): void {
  // Read here and not above: programs that are no tests use helpers that import this.
  const skipped = test.skip
  if (met) tests()
  else if (kind === 'service' && process.env['SSP_REQUIRE_SERVICES'] === '1')
    test(need, () => {
      throw new Error(`${need}, and SSP_REQUIRE_SERVICES=1 requires it`)
    })
  else skipped(need, () => undefined)
}
