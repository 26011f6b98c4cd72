const hourMs = 3_600_000

/** Renews ticket keys each hour, until the timer is cleared; it keeps no process alive. */
export function rotateHourly(renewTickets: () => void): NodeJS.Timeout {
  return setInterval(renewTickets, hourMs).unref()
}
