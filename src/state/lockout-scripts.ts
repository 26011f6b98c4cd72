import { own, word } from './own-key.ts'
import { redisScript } from './redis-connection.ts'

/**
 * What is kept in Redis about lockouts, each name behind the settings' prefix. The hash holds the last change of every lockout, so that a node
 * that was away needs nothing but it; an append-only log beside it would only grow, and would have to be replayed.
 */
export const lockoutKeys = {
  /** Hash: id → `epoch rank node {record}`. */
  records: 'lockouts:records',
  /** The highest epoch given. */
  epoch: 'lockouts:epoch',
  /** How often the hash has changed: who missed a message sees a gap. */
  sequence: 'lockouts:sequence',
  /** A random word, made anew in an empty Redis: who knows another one brings back what it has. */
  incarnation: 'lockouts:incarnation',
  /** Sorted set: node → when it was last heard of, by Redis' clock. */
  nodes: 'lockouts:nodes',
  /** Channel: `change SEQUENCE FROM {record}` and `drill FROM NONCE`. */
  changes: 'lockouts:changes',
  /** Channel of the answers to one node, with its name behind. */
  answers: 'lockouts:answers:',
} as const

/** More than there are nodes: what somebody may have put there costs no more than these. */
const mostNodes = 2_000

/** The function `living`: names of the nodes heard of since then. What is no name of a node (`audit.node`) is taken off: somebody put it there, perhaps as long as costs whoever is told of it the connection. */
const living = `local function living(key, since)
  local out = {}
  for _, name in ipairs(own('ZRANGEBYSCORE', key, since, '+inf', 'LIMIT', 0, ${mostNodes})) do
    if #name <= 63 and string.match(name, '^[a-z0-9][a-z0-9.-]*$') then out[#out + 1] = name else redis.call('ZREM', key, name) end
  end
  return out
end`

const now = `local t = redis.call('TIME'); local now = t[1] * 1000 + math.floor(t[2] / 1000)`

/** KEYS incarnation, sequence, records, nodes; ARGV node, a random word, how long a silent node counts (ms). Returns incarnation, sequence, number of records, the nodes that live, Redis' time (ms since 1970). */
export const beatScript = redisScript(`${own}
${word}
${living}
${now}
own('ZADD', KEYS[4], now, ARGV[1])
redis.call('ZREMRANGEBYSCORE', KEYS[4], '-inf', now - 86400000)
-- A node is not heard of in time to come: Redis' clock went back, or nobody was.
redis.call('ZREMRANGEBYSCORE', KEYS[4], '(' .. string.format('%.0f', now), '+inf')
local sequence = own('GET', KEYS[2]) or '0'
if #sequence > 20 then redis.call('DEL', KEYS[2]); sequence = '0' end
return { word(KEYS[1], ARGV[2]), sequence, tostring(own('HLEN', KEYS[3])), living(KEYS[4], now - ARGV[3]), string.format('%.0f', now) }`)

/** KEYS epoch; ARGV the highest epoch that the node knows. Returns a higher one than any that was given. */
export const epochScript = redisScript(`${own}
local given = tonumber(own('GET', KEYS[1]) or '0') or 0
-- No epoch that was ever given: none could follow it.
if not (given < 9e15) then given = 0 end
local epoch = math.max(given, tonumber(ARGV[1])) + 1
local text = string.format('%.0f', epoch)
redis.call('SET', KEYS[1], text)
return text`)

/**
 * KEYS records, epoch, sequence, nodes; ARGV id, epoch, rank, the node that made the change, record, channel, the node that tells, how long a
 * silent node counts (ms). Keeps and tells the change where it supersedes what is kept. Returns the nodes that live where it did, else nothing.
 */
export const tellScript = redisScript(`${own}
${living}
${now}
local known = own('HGET', KEYS[1], ARGV[1])
if known then
  local epoch, rank, node = string.match(known, '^(%d+) (%d+) (%S+) ')
  epoch = tonumber(epoch or '0'); rank = tonumber(rank or '0')
  if epoch > tonumber(ARGV[2]) then return false end
  if epoch == tonumber(ARGV[2]) and rank > tonumber(ARGV[3]) then return false end
  if epoch == tonumber(ARGV[2]) and rank == tonumber(ARGV[3]) and (node or '') >= ARGV[4] then return false end
end
redis.call('HSET', KEYS[1], ARGV[1], ARGV[2] .. ' ' .. ARGV[3] .. ' ' .. ARGV[4] .. ' ' .. ARGV[5])
local highest = tonumber(own('GET', KEYS[2]) or '0') or 0
if highest < tonumber(ARGV[2]) then redis.call('SET', KEYS[2], ARGV[2]) end
local sequence = own('INCR', KEYS[3])
-- Nobody has made so many changes: somebody put it there, and nobody could read it in a message.
if sequence < 1 or sequence > 1e12 then sequence = 1; redis.call('SET', KEYS[3], '1') end
redis.call('PUBLISH', ARGV[6], 'change ' .. string.format('%.0f', sequence) .. ' ' .. ARGV[7] .. ' ' .. ARGV[5])
return living(KEYS[4], now - ARGV[8])`)

/** KEYS records; ARGV id, value. Takes a record off that is past, unless it has changed meanwhile. */
export const forgetScript =
  redisScript(`if redis.call('HGET', KEYS[1], ARGV[1]) == ARGV[2] then return redis.call('HDEL', KEYS[1], ARGV[1]) end
return 0`)

/**
 * KEYS records; ARGV cursor, about how many, the longest that a record can be (bytes). Returns the next cursor, and id and value in turn. What is longer is taken off and not
 * sent: a reply of many megabytes costs the connection, and so would each look at the hash.
 */
export const readScript = redisScript(`${own}
local page = own('HSCAN', KEYS[1], ARGV[1], 'COUNT', ARGV[2])
local out = {}
for i = 1, #page[2], 2 do
  local id, value = page[2][i], page[2][i + 1]
  if #id + #value > tonumber(ARGV[3]) then redis.call('HDEL', KEYS[1], id)
  else out[#out + 1] = id; out[#out + 1] = value end
end
return { page[1], out }`)
