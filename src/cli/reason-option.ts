import { InvalidArgumentError, Option } from 'commander'

/** `--reason TEXT`: 1 to 500 characters on one line, as the audit takes it; anything else is a wrong command line. */
export function reasonOption(what: string): Option {
  return new Option('--reason <text>', what).argParser((given: string) => {
    if (given.trim() !== '' && given.length <= 500 && !/\p{Cc}/u.test(given)) return given
    throw new InvalidArgumentError('Say why, in 1 to 500 characters on one line.')
  })
}
