-- Makes an ended job's delivery due again. ARGV: id, ttl with a webhook. Returns 1, or 0.
local key = job_key(ARGV[1])
local known = redis.call('HMGET', key, 'webhook', 'ended_at', 'idempotency')
if not known[1] or not known[2] then return 0 end
redis.call('HSET', key, 'delivery_state', 'waiting', 'delivery_next_at', moment(now),
  'delivery_tries', 0)
redis.call('ZADD', DUE, moment(now), ARGV[1])
if redis.call('TTL', key) < tonumber(ARGV[2]) then
  redis.call('EXPIRE', key, ARGV[2])
  if known[3] then redis.call('EXPIRE', known[3], ARGV[2]) end
  redis.call('HSET', key, 'expires_at', moment(now + ARGV[2]))
end
return 1
