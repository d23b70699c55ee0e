-- Names jobs whose delivery is due, the most overdue first, and notes that they are published: they
-- are named again only when nobody has begun them after a while.
-- ARGV: seconds until they are named again, most to name
local due = redis.call('ZRANGEBYSCORE', DUE, '-inf', moment(now), 'LIMIT', 0, ARGV[2])
for _, id in ipairs(due) do redis.call('ZADD', DUE, moment(now + ARGV[1]), id) end
return due
