-- Names queued jobs that the broker may hold no message of, and notes that they are published.
-- ARGV: messages that the broker holds, seconds since the last publication, most to name
-- Returns {id, priority, id, priority, ...}, the oldest first.
local missing = math.min(redis.call('ZCARD', QUEUED) - tonumber(ARGV[1]), tonumber(ARGV[3]))
local found = {}
if missing <= 0 then return found end
for _, id in ipairs(redis.call('ZRANGE', QUEUED, 0, -1)) do
  if missing <= 0 then break end
  local known = redis.call('HMGET', job_key(id), 'published_at', 'priority')
  if not known[1] then
    redis.call('ZREM', QUEUED, id)
    missing = missing - 1
  elseif now - known[1] >= tonumber(ARGV[2]) then
    redis.call('HSET', job_key(id), 'published_at', moment(now))
    found[#found + 1] = id
    found[#found + 1] = known[2]
    missing = missing - 1
  end
end
return found
