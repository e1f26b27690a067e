-- The hold's seats become free.
-- KEYS: the event's seats, the hold. ARGV: owner.
local hold = redis.call('HMGET', KEYS[2], 'o', 'a', 'b')
if hold[1] ~= ARGV[1] then
    return 0
end
redis.call('HDEL', KEYS[1], hold[2], hold[3])
redis.call('DEL', KEYS[2])
return 1
