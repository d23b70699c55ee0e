-- Gives a running attempt back to the queue, in its old place; which is no loss.
-- ARGV: id, attempt. Returns 1, or 0 when the job is no longer this attempt's.
local id, key = ARGV[1], job_key(ARGV[1])
local known = redis.call('HMGET', key, 'state', 'attempt', 'owner', 'sequence')
if known[1] ~= 'running' or known[2] ~= ARGV[2] then return 0 end
redis.call('ZREM', RUNNING, id)
redis.call('HDEL', key, 'stage')
redis.call('HSET', key, 'state', 'queued', 'progress', '0', 'priority', 0,
  'published_at', moment(now))
enter_queue(id, known[3], 0, known[4])
return 1
