-- Begins an attempt of a job's delivery when it is due; for a while nobody else begins it.
-- ARGV: id, seconds that the attempt may take. Returns which try
-- this is, or 0 when there is nothing to do.
local known = redis.call('HMGET', job_key(ARGV[1]), 'delivery_state', 'delivery_next_at')
if known[1] ~= 'waiting' then
  redis.call('ZREM', DUE, ARGV[1])
  return 0
end
if tonumber(known[2]) > now then return 0 end
redis.call('HSET', job_key(ARGV[1]), 'delivery_next_at', moment(now + ARGV[2]))
redis.call('ZADD', DUE, moment(now + ARGV[2]), ARGV[1])
return redis.call('HINCRBY', job_key(ARGV[1]), 'delivery_tries', 1)
