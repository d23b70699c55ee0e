-- Cancels a job that has not ended. ARGV: id, ttl, ttl with a webhook. Returns 1, or 0.
local state = redis.call('HGET', job_key(ARGV[1]), 'state')
if state ~= 'queued' and state ~= 'running' then return 0 end
end_job(ARGV[1], 'canceled', '', '', ARGV[2], ARGV[3])
return 1
