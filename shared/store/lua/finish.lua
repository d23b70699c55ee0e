-- Ends a running attempt. ARGV: id, attempt, state, field ('result' or 'problem'), value, ttl,
-- ttl with a webhook. Returns 1, or 0 when the job is no longer this attempt's.
local known = redis.call('HMGET', job_key(ARGV[1]), 'state', 'attempt')
if known[1] ~= 'running' or known[2] ~= ARGV[2] then return 0 end
end_job(ARGV[1], ARGV[3], ARGV[4], ARGV[5], ARGV[6], ARGV[7])
return 1
