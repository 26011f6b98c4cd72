/** Many lists of whole numbers in two shared arrays: list `n` is `values[starts[n] .. starts[n + 1])`. */
export interface NumberLists {
  readonly starts: Int32Array
  readonly values: Int32Array
}

/** Packs `count` lists; `listOf(n)` gives each, and is called twice. */
export function packLists(count: number, listOf: (n: number) => Iterable<number> | undefined): NumberLists {
  const starts = new Int32Array(new SharedArrayBuffer((count + 1) * 4))
  for (let n = 0; n < count; n++) {
    let length = 0
    for (const _ of listOf(n) ?? []) length++
    starts[n + 1] = starts[n]! + length
  }
  const values = new Int32Array(new SharedArrayBuffer(starts[count]! * 4))
  let at = 0
  for (let n = 0; n < count; n++) for (const value of listOf(n) ?? []) values[at++] = value
  return { starts, values }
}

/** A view of list `n`; empty where there is none. */
export function listAt(lists: NumberLists, n: number): Int32Array {
  return n < 0 ? lists.values.subarray(0, 0) : lists.values.subarray(lists.starts[n], lists.starts[n + 1])
}

/** Copies numbers to memory that threads can share. */
export function shareNumbers(numbers: readonly number[]): Int32Array {
  const shared = new Int32Array(new SharedArrayBuffer(numbers.length * 4))
  shared.set(numbers)
  return shared
}
