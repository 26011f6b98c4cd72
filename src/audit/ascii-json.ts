const unsafe = /[<\u007f-\uffff]/
const everyUnsafe = /[<\u007f-\uffff]/g

function escaped(character: string): string {
  return `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`
}

/**
 * The value as one line of JSON in printable ASCII without `<`: no value can end the line, steer a terminal, turn the text's direction, close
 * a script element or look like another letter. What JSON itself escapes are the controls up to U+001F, quotes and backslashes.
 */
export function asciiJson(value: object): string {
  const json = JSON.stringify(value)
  return unsafe.test(json) ? json.replace(everyUnsafe, escaped) : json
}
