/**
 * The function `own` of scripts: runs a command, and takes away whatever else than what belongs there stands in its key's place, whoever put it there. Else it would keep
 * nodes from sharing for as long as it stands.
 */
export const own = `local function own(command, key, ...)
  local reply = redis.pcall(command, key, ...)
  if type(reply) ~= 'table' or not reply.err then return reply end
  if not (string.find(reply.err, 'WRONGTYPE', 1, true) or string.find(reply.err, 'integer', 1, true) or string.find(reply.err, 'overflow', 1, true)) then return error(reply) end
  redis.call('DEL', key)
  return redis.call(command, key, ...)
end`

/** The function `word` of scripts, which needs `own`: the word that a key has had since the store was empty; `anew` where it has none, or something long in its place. */
export const word = `local function word(key, anew)
  local found = own('GET', key)
  if found and #found <= 64 then return found end
  redis.call('SET', key, anew)
  return anew
end`
