-- Writes a new record and puts it on the queue, or names the job that the request already has.
-- KEYS: idempotency key or '', join key or ''
-- ARGV: id, owner, request, webhook ('1' or ''), fingerprint, most waiting,
-- upload or ''
-- Returns {what, priority, record}: created | joined | mismatch | full; the last two have no record
local id, owner, fingerprint = ARGV[1], ARGV[2], ARGV[5]
-- Whoever lost the answer to this very call asks again.
local mine = redis.call('HGET', job_key(id), 'priority')
if mine then return {'created', tonumber(mine), record(id)} end
if KEYS[1] ~= '' then
  local known = redis.call('HMGET', KEYS[1], 'id', 'fingerprint')
  if known[1] and redis.call('EXISTS', job_key(known[1])) == 1 then
    if known[2] ~= fingerprint then return {'mismatch', 0} end
    return {'joined', 0, record(known[1])}
  end
end
if KEYS[2] ~= '' then
  local known = redis.call('GET', KEYS[2])
  if known and redis.call('EXISTS', job_key(known)) == 1 then
    return {'joined', 0, record(known)}
  end
end
if redis.call('ZCARD', QUEUED) >= tonumber(ARGV[6]) then return {'full', 0} end

-- A caller's priority falls with the logarithm of the jobs it has waiting, so that a flood by one
-- caller does not starve the others: none waiting 0, one 1, two or three 2, ... 256 and more 9.
local backlog, priority = redis.call('ZCARD', waiting_key(owner)), 0
while backlog > 0 and priority < 9 do backlog, priority = math.floor(backlog / 2), priority + 1 end

local sequence = redis.call('INCR', 'sow:sequence')
redis.call('HSET', job_key(id), 'id', id, 'owner', owner, 'request', ARGV[3], 'state', 'queued',
  'attempt', '0', 'progress', '0', 'created_at', moment(now), 'published_at', moment(now),
  'sequence', sequence, 'priority', priority)
if ARGV[4] ~= '' then redis.call('HSET', job_key(id), 'webhook', '1') end
if ARGV[7] ~= '' then
  redis.call('HSET', 'sow:uploads', ARGV[7], id)
  redis.call('HSET', job_key(id), 'upload', ARGV[7])
end
if KEYS[1] ~= '' then
  redis.call('HSET', KEYS[1], 'id', id, 'fingerprint', fingerprint)
  redis.call('HSET', job_key(id), 'idempotency', KEYS[1])
end
if KEYS[2] ~= '' then
  redis.call('SET', KEYS[2], id)
  redis.call('HSET', job_key(id), 'join', KEYS[2])
end
enter_queue(id, owner, priority, sequence)
local index = 'sow:jobs:' .. owner
for _, old in ipairs(redis.call('ZRANGE', index, 0, 9)) do
  if redis.call('EXISTS', job_key(old)) == 0 then redis.call('ZREM', index, old) end
end
redis.call('ZADD', index, sequence, id)
return {'created', priority, record(id)}
