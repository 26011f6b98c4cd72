import { picture } from '../../../demo/picture.ts'
import { styleFor } from '../../../demo/style.ts'

test('the picture’s lines are of one width, within eighty columns, whatever the ports', () => {
  for (const ports of [
    { data: 1, provider: 2 },
    { data: 65_535, provider: 65_535 },
  ]) {
    const widths = new Set(
      picture(ports, styleFor({}, {}))
        .split('\n')
        .map((line) => line.length),
    )
    expect(widths.size).toBe(1)
    expect(Math.max(...widths)).toBeLessThanOrEqual(80)
  }
})
