import { namesBesidesSubject, namesInSubject } from '../../../src/spine/subject-names.ts'

test.each([
  ['C=GB, O=NHS, CN=Consumer.thirdparty.nhs.uk', ['consumer.thirdparty.nhs.uk']],
  ['CN=one.nhs.uk, CN=two.nhs.uk', []],
  ['O=CN of nobody', []],
  ['', []],
])('%j tells %j', (subject, names) => {
  expect(namesInSubject(subject)).toEqual(names)
})

test.each([
  ['CN=one.example', ['one.example'], undefined],
  ['CN=one.example', ['one.example', 'two.example'], ['one.example', 'two.example']],
  ['CN=one.example', ['two.example'], ['two.example']],
  ['O=nobody', ['two.example'], ['two.example']],
  ['O=nobody', [], undefined],
])('%j and the names %j: besides, %j', (subject, names, besides) => {
  const certificate = { sha256: '', publicKeySha256: '', subject, names, notAfter: 0 }
  for (const _ of ['first', 'again']) expect(namesBesidesSubject(certificate)).toEqual(besides)
})
