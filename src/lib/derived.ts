/** What is made of what is in force: made anew only when something else is. */
export function derived<From, Made>(inForce: () => From, make: (from: From) => Made): () => Made {
  let last: { readonly from: From; readonly made: Made } | undefined
  return () => {
    const from = inForce()
    if (last === undefined || last.from !== from) last = { from, made: make(from) }
    return last.made
  }
}
