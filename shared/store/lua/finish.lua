-- Ends a running attempt. ARGV: id, attempt, ttl, ttl with a webhook, bytes that kept results may
-- take, state, field ('result' or 'problem'), value, key to keep the result under for others or ''
-- Returns 1, or 0 when the job is no longer this attempt's.
local known = redis.call('HMGET', job_key(ARGV[1]), 'state', 'attempt')
if known[1] ~= 'running' or known[2] ~= ARGV[2] then return 0 end
end_job(ARGV[1], ARGV[6], ARGV[7], ARGV[8], ARGV[3], ARGV[4])
if ARGV[9] ~= '' then remember_result(ARGV[9], ARGV[1], ARGV[8], ARGV[5], ARGV[3]) end
return 1
