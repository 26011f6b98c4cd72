/** Acts at once where it has not for so many milliseconds, else once when they are over, however often it is asked meanwhile. */
export function atMostEvery(milliseconds: number, act: () => void): { readonly act: () => void; readonly stop: () => void } {
  let timer: NodeJS.Timeout | undefined
  let again = false
  function rest(): void {
    timer = setTimeout(() => {
      timer = undefined
      if (!again) return
      again = false
      act()
      rest()
    }, milliseconds)
    timer.unref()
  }
  return {
    act() {
      again = timer !== undefined
      if (again) return
      act()
      rest()
    },
    stop: () => clearTimeout(timer),
  }
}
