import { styleFor } from '../../../demo/style.ts'

test('a terminal gets colours', () => {
  expect(styleFor({ isTTY: true }, {}).good('x')).toBe('\u001b[32mx\u001b[0m')
  expect(styleFor({ isTTY: true }, { NO_COLOR: '' }).bad('x')).not.toBe('x')
})

test('a pipe, NO_COLOR and a dumb terminal get plain text', () => {
  expect(styleFor({}, {}).bold('x')).toBe('x')
  expect(styleFor({ isTTY: true }, { NO_COLOR: '1' }).bold('x')).toBe('x')
  expect(styleFor({ isTTY: true }, { TERM: 'dumb' }).bold('x')).toBe('x')
})
