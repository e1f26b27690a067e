-- Two seats for one owner. A seat is free if nobody is named in it, or a hold that ran out.
-- KEYS: the event's seats, the new hold. ARGV: owner, milliseconds, seat, seat.
local holders = redis.call('HMGET', KEYS[1], ARGV[3], ARGV[4])
for place = 1, 2 do
    local holder = holders[place]
    if holder and (string.byte(holder) == 115 or redis.call('EXISTS', holder) == 1) then
        return 0
    end
end
redis.call('HSET', KEYS[1], ARGV[3], KEYS[2], ARGV[4], KEYS[2])
redis.call('HSET', KEYS[2], 'o', ARGV[1], 'a', ARGV[3], 'b', ARGV[4])
redis.call('PEXPIRE', KEYS[2], ARGV[2])
return 1
