/** A function that returns its argument where it is one of the known values, else the fallback: what a caller sends can never add a time series. */
export function boundedLabel(known: ReadonlySet<string>, fallback = 'other'): (value: string | undefined) => string {
  return (value) => (value !== undefined && known.has(value) ? value : fallback)
}
