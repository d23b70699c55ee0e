-- Forgets an ended job, and the result that it left for others.
-- ARGV: id. Returns 1, or 0 when it has not ended.
local key = job_key(ARGV[1])
local known = redis.call('HMGET', key, 'state', 'owner', 'idempotency', 'remembered', 'upload')
if known[1] == 'queued' or known[1] == 'running' then return 0 end
if known[3] and redis.call('HGET', known[3], 'id') == ARGV[1] then redis.call('DEL', known[3]) end
if known[5] then redis.call('HDEL', 'sow:uploads', known[5]) end
if known[2] then redis.call('ZREM', 'sow:jobs:' .. known[2], ARGV[1]) end
if known[4] then forget_result(known[4]) end
redis.call('ZREM', DUE, ARGV[1])
redis.call('DEL', key)
return 1
