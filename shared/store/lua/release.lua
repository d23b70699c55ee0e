-- Gives a running attempt back to the queue, in its old place; which is no loss.
-- ARGV: id, attempt. Returns 1, or 0 when the job is no longer this attempt's.
local id, key = ARGV[1], job_key(ARGV[1])
local known = redis.call('HMGET', key, 'state', 'attempt', 'owner', 'sequence')
if known[1] ~= 'running' or known[2] ~= ARGV[2] then return 0 end
queue_again(id, known[3], known[4])
return 1
