-- Put before every script. All moments are Redis's own clock, so that no two machines disagree.
local time = redis.call('TIME')
local now = tonumber(time[1]) + tonumber(time[2]) / 1e6

local QUEUED, RUNNING, DUE = 'sow:queued', 'sow:running', 'sow:webhooks:due'

local function job_key(id) return 'sow:job:' .. id end
local function waiting_key(owner) return 'sow:waiting:' .. owner end

local RESULTS, SIZES, BYTES = 'sow:results', 'sow:results:sizes', 'sow:results:bytes'

local function moment(seconds) return string.format('%.6f', seconds) end

-- Gives a whole record, as HGETALL does, and the job's rank on the queue (false: not on it).
local function record(id)
  return {redis.call('HGETALL', job_key(id)), redis.call('ZRANK', QUEUED, id)}
end

local function leave_queue(id, owner)
  redis.call('ZREM', QUEUED, id)
  redis.call('ZREM', waiting_key(owner), id)
end

-- Puts a job on the queue at a priority (0 is first), behind those already there.
local function enter_queue(id, owner, priority, sequence)
  redis.call('ZADD', QUEUED, string.format('%.0f', priority * 1e13 + sequence), id)
  redis.call('ZADD', waiting_key(owner), sequence, id)
end

-- Puts a job that was running back on the queue, first and in its old place.
local function queue_again(id, owner, sequence)
  redis.call('ZREM', RUNNING, id)
  redis.call('HDEL', job_key(id), 'stage')
  redis.call('HSET', job_key(id), 'state', 'queued', 'progress', '0', 'priority', 0,
    'published_at', moment(now))
  enter_queue(id, owner, 0, sequence)
end

-- Ends a job: its state is final, its record gets a term, and its webhook becomes due.
local function end_job(id, state, field, value, ttl, webhook_ttl)
  local key = job_key(id)
  local known = redis.call('HMGET', key, 'owner', 'webhook', 'join', 'idempotency', 'started_at')
  leave_queue(id, known[1])
  redis.call('ZREM', RUNNING, id)
  redis.call('HDEL', key, 'stage')
  if known[2] then ttl = math.max(tonumber(ttl), tonumber(webhook_ttl)) end
  redis.call('HSET', key, 'state', state, 'ended_at', moment(now), 'expires_at', moment(now + ttl))
  if field ~= '' then redis.call('HSET', key, field, value) end
  if state == 'succeeded' then redis.call('HSET', key, 'progress', '1') end
  redis.call('EXPIRE', key, ttl)
  if known[3] then redis.call('DEL', known[3]) end
  if known[4] then redis.call('EXPIRE', known[4], ttl) end
  if known[5] then
    redis.call('LPUSH', 'sow:ended', moment(now))
    redis.call('LTRIM', 'sow:ended', 0, 99)
  end
  if known[2] then
    redis.call('HSET', key, 'delivery_state', 'waiting', 'delivery_next_at', moment(now))
    redis.call('ZADD', DUE, moment(now), id)
  end
end

-- Forgets a result that was kept for the next job that asks the same.
local function forget_result(key)
  local size = redis.call('HGET', SIZES, key)
  if not size then return end
  redis.call('DEL', 'sow:result:' .. key)
  redis.call('ZREM', RESULTS, key)
  redis.call('HDEL', SIZES, key)
  redis.call('DECRBY', BYTES, size)
end

-- Keeps a job's result for the next one that asks the same, within a budget (bytes), the oldest out
-- first, and for a term (seconds).
local function remember_result(key, id, result, budget, term)
  local size = #result
  forget_result(key)
  for _, old in ipairs(redis.call('ZRANGEBYSCORE', RESULTS, '-inf', moment(now - term))) do
    forget_result(old)
  end
  if size > tonumber(budget) then return end
  redis.call('SET', 'sow:result:' .. key, result, 'EX', term)
  redis.call('ZADD', RESULTS, moment(now), key)
  redis.call('HSET', SIZES, key, size)
  redis.call('HSET', job_key(id), 'remembered', key)
  local total = redis.call('INCRBY', BYTES, size)
  while total > tonumber(budget) do
    forget_result(redis.call('ZRANGE', RESULTS, 0, 0)[1])
    total = tonumber(redis.call('GET', BYTES))
  end
end
