import { faultLines } from '../../support/fault-lines.ts'

test('faults that differ in ids alone are one line, the commonest first', () => {
  const busy = (id: string) => `a call was answered 503: id="${id}", code=PROVIDER_BUSY`
  const [one, two, three] = ['0123456789abcdef0123456789abcdef', 'f04dee088abe6647cce4e26f6c5731dc', '5bb95fdaf1528512a6b8a9e5f6b6bcb0']
  expect(faultLines(['latency grew by 3.1 ms', busy(one), busy(two), busy(three)])).toEqual([
    `FAULT ${busy(one)} (and 2 more like it)`,
    'FAULT latency grew by 3.1 ms',
  ])
})

test('faults that differ in anything else stand each for itself', () => {
  expect(faultLines(['status 503', 'status 504'])).toEqual(['FAULT status 503', 'FAULT status 504'])
})
