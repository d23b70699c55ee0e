-- Puts jobs whose lease has lapsed back on the queue, or fails those lost too often.
-- ARGV: lease seconds, seconds without a look that leases could not be renewed in either, most
-- losses, problem, ttl, ttl with a webhook
-- Returns the ids that are queued again and the ids that failed.
local swept = redis.call('GETSET', 'sow:swept_at', moment(now))
if not swept or now - swept > tonumber(ARGV[2]) then
  -- Nobody looked for so long: Redis was away, say. Every lease gets a full term.
  for _, id in ipairs(redis.call('ZRANGEBYSCORE', RUNNING, '-inf', moment(now))) do
    redis.call('ZADD', RUNNING, moment(now + ARGV[1]), id)
  end
  return {{}, {}}
end
local again, failed = {}, {}
for _, id in ipairs(redis.call('ZRANGEBYSCORE', RUNNING, '-inf', moment(now))) do
  local key = job_key(id)
  local known = redis.call('HMGET', key, 'state', 'owner', 'sequence')
  redis.call('ZREM', RUNNING, id)
  if known[1] then
    if redis.call('HINCRBY', key, 'losses', 1) >= tonumber(ARGV[3]) then
      end_job(id, 'failed', 'problem', ARGV[4], ARGV[5], ARGV[6])
      failed[#failed + 1] = id
    else
      queue_again(id, known[2], known[3])
      again[#again + 1] = id
    end
  end
end
return {again, failed}
