-- Takes a queued job: it is running, this is its next attempt, and it is leased to the claimer.
-- ARGV: id, lease seconds. Returns the record, or 0 when there is nothing to do.
local id, key = ARGV[1], job_key(ARGV[1])
local known = redis.call('HMGET', key, 'state', 'owner', 'started_at')
if known[1] ~= 'queued' then return 0 end
leave_queue(id, known[2])
redis.call('HSET', key, 'state', 'running', 'stage', 'fetching', 'progress', '0')
if not known[3] then redis.call('HSET', key, 'started_at', moment(now)) end
redis.call('ZADD', RUNNING, moment(now + ARGV[2]), id)
redis.call('HINCRBY', key, 'attempt', 1)
return record(id)
