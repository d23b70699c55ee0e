-- Renews the lease of a running attempt, and writes how far it is.
-- ARGV: id, attempt, lease seconds, stage or '', progress or ''
-- Returns 1, or 0 when the job is no longer this attempt's (canceled, lapsed, forgotten).
local id, key = ARGV[1], job_key(ARGV[1])
local known = redis.call('HMGET', key, 'state', 'attempt')
if known[1] ~= 'running' or known[2] ~= ARGV[2] then return 0 end
if ARGV[4] ~= '' then redis.call('HSET', key, 'stage', ARGV[4]) end
if ARGV[5] ~= '' then redis.call('HSET', key, 'progress', ARGV[5]) end
redis.call('ZADD', RUNNING, moment(now + ARGV[3]), id)
return 1
