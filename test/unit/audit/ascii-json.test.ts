import fc from 'fast-check'
import { asciiJson } from '../../../src/audit/ascii-json.ts'

describe('asciiJson', () => {
  test('writes any value as printable ASCII on one line without <, and loses nothing', () => {
    fc.assert(
      fc.property(fc.dictionary(fc.string({ unit: 'binary' }), fc.string({ unit: 'binary' })), (value) => {
        const json = asciiJson(value)
        expect(json).toMatch(/^[ -;=-~]*$/)
        expect(JSON.parse(json)).toEqual(JSON.parse(JSON.stringify(value)))
      }),
    )
  })

  test('R8: newlines, ANSI codes, C1 controls, line separators, text direction marks and script ends are neutral', () => {
    const hostile = '\r\n{"i":0}\u001b[31m\u009b31m\u007f\u2028\u2029\u202e</script><!--\ud800=cmd'
    const json = asciiJson({ hostile })
    expect(json).toBe(
      '{"hostile":"\\r\\n{\\"i\\":0}\\u001b[31m\\u009b31m\\u007f\\u2028\\u2029\\u202e\\u003c/script>\\u003c!--\\ud800=cmd"}',
    )
    expect(JSON.parse(json)).toEqual({ hostile })
  })
})
