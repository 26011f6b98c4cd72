import type { LockoutSigning } from './lockout-signing.ts'
import { own, word } from './own-key.ts'
import { redisScript } from './redis-connection.ts'

/** What a node says about somebody, and when it did. */
export interface TimedStatement {
  /** The run of the node's process, and the number of the statement within it. */
  readonly run: string
  readonly nth: number
  /** ms since 1970. */
  readonly at: number
  readonly node: string
  readonly about: string
  readonly says: string
}

/** One that was read: whether it was sealed is for the reader to find out. */
export interface SignedStatement extends TimedStatement {
  readonly sealed: Buffer
  readonly signature: ReturnType<LockoutSigning['seal']>
}

/** Longer than any statement that a node makes, by 32 rules that all count the same. Characters. */
const longest = 131_072
/** Heard in one operation; Redis gives up a connection that is sent 32 MB. Bytes. */
const mostBytes = 8_388_608

/**
 * KEYS store, suspects; ARGV prefix, run, a random word, how long statements are kept (ms), of how many suspects, how many are heard at once; then
 * suspect and statement, in turn. Each suspect has a hash of its own: run → `when statement`, by Redis' clock. Returns the word that the store has had since it
 * was empty, how many of the statements were taken (not all, where so much is heard), and of each statement that stands suspect, run, age (ms) and text.
 */
export const exchangeScript = redisScript(`${own}
${word}
local t = redis.call('TIME'); local now = t[1] * 1000 + math.floor(t[2] / 1000)
local prefix, run, keep, most, atOnce = ARGV[1], ARGV[2], tonumber(ARGV[4]), tonumber(ARGV[5]), tonumber(ARGV[6])
local out, taken, bytes = { word(KEYS[1], ARGV[3]), 0 }, 0, 0
for i = 7, #ARGV - 1, 2 do
  local about, hash = ARGV[i], prefix .. 'of:' .. ARGV[i]
  own('HSET', hash, run, string.format('%.0f', now) .. ' ' .. ARGV[i + 1])
  if redis.call('PTTL', hash) < keep then redis.call('PEXPIRE', hash, keep) end
  own('ZADD', KEYS[2], now, about)
  local all = redis.call('HGETALL', hash)
  for f = 1, #all, 2 do
    local at, text
    -- Not read where it is too long: that takes Redis a good while for each megabyte.
    if #all[f] <= 64 and #all[f + 1] <= ${longest + 32} then at, text = string.match(all[f + 1], '^(%d+) (.*)$') end
    local age = now - (tonumber(at or '0') or 0)
    bytes = bytes + (text and #text or 0)
    -- What is too long, or too much for one answer, is nobody's: it would cost whoever asks the connection.
    if not text or age > keep or f > 2000 or #text > ${longest} or bytes > ${mostBytes} then
      if all[f] ~= run then redis.call('HDEL', hash, all[f]) end
    elseif all[f] ~= run then
      out[#out + 1] = about; out[#out + 1] = all[f]; out[#out + 1] = string.format('%.0f', age); out[#out + 1] = text
    end
  end
  taken = taken + 1
  if (#out - 2) / 4 >= atOnce or bytes > ${mostBytes / 2} then break end
end
own('ZREMRANGEBYSCORE', KEYS[2], '-inf', now - keep)
local beyond = redis.call('ZCARD', KEYS[2]) - most
if beyond > 0 then
  for _, about in ipairs(redis.call('ZRANGE', KEYS[2], 0, beyond - 1)) do
    redis.call('DEL', prefix .. 'of:' .. about)
    redis.call('ZREM', KEYS[2], about)
  end
end
if redis.call('PTTL', KEYS[2]) < keep then redis.call('PEXPIRE', KEYS[2], keep) end
out[2] = tostring(taken)
return out`)

/** What is kept of a statement, with the seal of its node. */
export function statementText(statement: TimedStatement, seal: LockoutSigning['seal']): string {
  const { nth, at, node, says } = statement
  const { key, value } = seal(sealedBytes(statement))
  return `${nth} ${at} ${node} ${key} ${value} ${says}`
}

/** Reads it as standing under this run and suspect; undefined where it is none. */
export function statementIn(text: string, run: string, about: string): SignedStatement | undefined {
  const form = /^(\d{1,15}) (\d{1,15}) (\S{1,100}) ([0-9a-f]{16}) ([A-Za-z0-9+/]{86}==) (.+)$/s
  if (text.length > longest) return undefined
  const [, nth, at, node, key, value, says] = form.exec(text) ?? []
  if (node === undefined || key === undefined || value === undefined || says === undefined) return undefined
  const statement = { run, nth: Number(nth), at: Number(at), node, about, says }
  return { ...statement, sealed: sealedBytes(statement), signature: { key, value } }
}

/** The bytes that are signed: every field, in this order. */
function sealedBytes({ run, nth, at, node, about, says }: TimedStatement): Buffer {
  return Buffer.from(`ssp evidence 1\n${JSON.stringify([run, nth, at, node, about, says])}`)
}
