const tenDigits = /^[0-9]{10}$/

/** The modulus-11 check digit of an NHS number's first nine digits, or undefined where there is none (the remainder asks for a "10"). */
export function nhsNumberCheckDigit(nineDigits: string): number | undefined {
  let sum = 0
  for (let position = 0; position < 9; position += 1) sum += Number(nineDigits[position]) * (10 - position)
  const digit = (11 - (sum % 11)) % 11
  return digit === 10 ? undefined : digit
}

/** Whether a text is ten digits of which the last is the right check digit. */
export function isNhsNumber(text: string): boolean {
  return tenDigits.test(text) && nhsNumberCheckDigit(text) === Number(text[9])
}

/** Whether an NHS number is from the range that is never given to a person: it begins with 999. */
export function isTestNhsNumber(text: string): boolean {
  return isNhsNumber(text) && text.startsWith('999')
}
