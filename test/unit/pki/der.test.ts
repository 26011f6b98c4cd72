import fc from 'fast-check'
import { DerMalformed, DerReader, derTag, openSequence } from '../../../src/pki/der.ts'
import { booleanOf, integerHexOf, integerOf, namedBitsOf, oidOf, timeOf, wholeBytesOf } from '../../../src/pki/der-values.ts'

function value(tag: number, content: Uint8Array | string): ReturnType<DerReader['next']> {
  const bytes = Buffer.from(content)
  return { tag, content: bytes, whole: Buffer.concat([Buffer.from([tag, bytes.length]), bytes]) }
}

function read(hex: string): ReturnType<DerReader['next']> {
  return new DerReader(Buffer.from(hex, 'hex')).next()
}

describe('the DER reader', () => {
  test('reads values one after the other, each as a view of the bytes', () => {
    const reader = openSequence(Buffer.from('3007020105' + '0402abcd'.slice(0, 8), 'hex'))
    expect(integerOf(reader.expect(derTag.integer))).toBe(5n)
    expect(reader.optional(derTag.boolean)).toBeUndefined()
    expect(reader.next().content.toString('hex')).toBe('abcd')
    expect(reader.done).toBe(true)
    reader.end()
  })

  test.each([
    ['nothing at all', ''],
    ['a tag and no length', '30'],
    ['a value beyond the end', '300501'],
    ['an indefinite length', '30800000'],
    ['a length of five bytes', '30850000000001ff'],
    ['a long length that would fit the short form', '308101ff'],
    ['a long length with a leading zero', '3082008100'],
    ['a tag of several bytes', '1f8101'],
  ])('refuses %s', (_what, hex) => {
    expect(() => read(hex)).toThrow(DerMalformed)
  })

  test('refuses what follows the one sequence', () => {
    expect(() => openSequence(Buffer.from('300000', 'hex'))).toThrow(DerMalformed)
  })

  test('never throws anything but DerMalformed, and always ends, whatever the bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
        const reader = new DerReader(Buffer.from(bytes))
        onlyMalformed(() => {
          while (!reader.done) {
            const one = reader.next()
            for (const read of [oidOf, booleanOf, integerOf, integerHexOf, namedBitsOf, wholeBytesOf, timeOf])
              onlyMalformed(() => read(one))
          }
        })
      }),
    )
  })

  test('reads back every length', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 70_000 }), (length) => {
        const header =
          length < 128
            ? [length]
            : length < 256
              ? [0x81, length]
              : length < 65_536
                ? [0x82, length >> 8, length & 255]
                : [0x83, 1, (length >> 8) & 255, length & 255]
        const one = new DerReader(Buffer.concat([Buffer.from([4, ...header]), Buffer.alloc(length)])).next()
        expect(one.content.length).toBe(length)
      }),
    )
  })
})

describe('the values', () => {
  test('object identifiers come in dotted form, also with large arcs', () => {
    expect(oidOf(read('0603551d11'))).toBe('2.5.29.17')
    expect(oidOf(read('06062a864886f70d'))).toBe('1.2.840.113549')
    expect(oidOf(read('0603883703'))).toBe('2.999.3')
    expect(oidOf(read('06092b060104018e8dff7f'))).toBe('1.3.6.1.4.1.29589503')
  })

  test.each(['0600', '06022a86', '06032a8001'])('refuses the object identifier %s', (hex) => {
    expect(() => oidOf(read(hex))).toThrow(DerMalformed)
  })

  test('integers are signed and in their shortest form', () => {
    expect(integerOf(read('0201ff'))).toBe(-1n)
    expect(integerOf(read('020200ff'))).toBe(255n)
    expect(() => integerOf(read('02020001'))).toThrow(DerMalformed)
    expect(() => integerOf(read('0200'))).toThrow(DerMalformed)
    expect(() => integerOf(value(derTag.integer, new Uint8Array(22).fill(1)))).toThrow(DerMalformed)
  })

  test('booleans are TRUE or FALSE', () => {
    expect(booleanOf(read('0101ff'))).toBe(true)
    expect(booleanOf(read('010100'))).toBe(false)
    expect(() => booleanOf(read('010101'))).toThrow(DerMalformed)
  })

  test('times are read in both forms, in UTC, to the second', () => {
    expect(timeOf(value(derTag.utcTime, '491231235959Z'))).toBe(Date.UTC(2049, 11, 31, 23, 59, 59))
    expect(timeOf(value(derTag.utcTime, '500101000000Z'))).toBe(Date.UTC(1950, 0, 1))
    expect(timeOf(value(derTag.generalizedTime, '20500101000000Z'))).toBe(Date.UTC(2050, 0, 1))
  })

  test.each(['991332000000Z', '260230000000Z', '2601010000Z', '260101000000+0100', '26010100000Z0', ''])('refuses the time %p', (text) => {
    expect(() => timeOf(value(derTag.utcTime, text))).toThrow(DerMalformed)
  })
})

function onlyMalformed(work: () => unknown): void {
  try {
    work()
  } catch (error) {
    if (!(error instanceof DerMalformed)) throw error
  }
}
