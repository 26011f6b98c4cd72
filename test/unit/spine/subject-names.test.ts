import { namesInSubject } from '../../../src/spine/subject-names.ts'

test.each([
  ['C=GB, O=NHS, CN=Consumer.thirdparty.nhs.uk', ['consumer.thirdparty.nhs.uk']],
  ['CN=one.nhs.uk, CN=two.nhs.uk', []],
  ['O=CN of nobody', []],
  ['', []],
])('%j tells %j', (subject, names) => {
  expect(namesInSubject(subject)).toEqual(names)
})
