/** Whether such an answer has no body whatever its headers say (RFC 9112, 6.3). What a careless sender sends all the same would be read as the next answer. */
export function isBodiless(method: string, status: number): boolean {
  return method === 'HEAD' || status === 204 || status === 304
}
