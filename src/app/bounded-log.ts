/** What somebody else can bring about as often as they please: so many are said one by one within so many milliseconds, the others as their number once those are over. */
export function boundedLog<T>(
  { most, withinMs }: { readonly most: number; readonly withinMs: number },
  { one, others }: { readonly one: (what: T) => void; readonly others: (number: number) => void },
): (what: T) => void {
  let seen = 0
  function over(): void {
    const beyond = seen - most
    seen = 0
    if (beyond > 0) others(beyond)
  }
  return (what) => {
    if (seen++ === 0) setTimeout(over, withinMs).unref()
    if (seen <= most) one(what)
  }
}
