-- The hold's seats become its owner's. A hold that ran out is not there any more.
-- KEYS: the event's seats, the hold. ARGV: owner.
local hold = redis.call('HMGET', KEYS[2], 'o', 'a', 'b')
if hold[1] ~= ARGV[1] then
    return 0
end
local sold = 's' .. ARGV[1]
redis.call('HSET', KEYS[1], hold[2], sold, hold[3], sold)
redis.call('DEL', KEYS[2])
return 1
