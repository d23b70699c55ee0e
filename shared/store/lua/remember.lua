-- Keeps a result for the next job that asks the same, within a budget, the oldest out first.
-- ARGV: key, job id, result, budget (bytes), term (seconds)
local key, size = ARGV[1], #ARGV[3]
forget_result(key)
for _, old in ipairs(redis.call('ZRANGEBYSCORE', RESULTS, '-inf', moment(now - ARGV[5]))) do
  forget_result(old)
end
if size > tonumber(ARGV[4]) or redis.call('EXISTS', job_key(ARGV[2])) == 0 then return 0 end
redis.call('SET', 'sow:result:' .. key, ARGV[3], 'EX', ARGV[5])
redis.call('ZADD', RESULTS, moment(now), key)
redis.call('HSET', SIZES, key, size)
redis.call('HSET', job_key(ARGV[2]), 'remembered', key)
local total = redis.call('INCRBY', BYTES, size)
while total > tonumber(ARGV[4]) do
  forget_result(redis.call('ZRANGE', RESULTS, 0, 0)[1])
  total = tonumber(redis.call('GET', BYTES))
end
return 1
