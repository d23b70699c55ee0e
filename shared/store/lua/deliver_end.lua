-- Writes an attempt of a job's delivery down and what follows from it.
-- ARGV: id, state (waiting | delivered | failed), attempt as JSON, seconds to the next attempt
local key = job_key(ARGV[1])
if redis.call('EXISTS', key) == 0 then
  redis.call('ZREM', DUE, ARGV[1])
  return 0
end
local attempts = redis.call('HGET', key, 'delivery_attempts')
redis.call('HSET', key, 'delivery_state', ARGV[2],
  'delivery_attempts', (attempts and attempts .. '\n' or '') .. ARGV[3])
if ARGV[2] == 'waiting' then
  redis.call('HSET', key, 'delivery_next_at', moment(now + ARGV[4]))
  redis.call('ZADD', DUE, moment(now + ARGV[4]), ARGV[1])
else
  redis.call('HDEL', key, 'delivery_next_at')
  redis.call('ZREM', DUE, ARGV[1])
end
return 1
