-- Keeps an answer until a point of Redis's time, unless one that is as new is there, and takes the
-- sign away that somebody asks. KEYS: the answer, the sign. ARGV: the answer, empty if there is
-- none; until when, in milliseconds; how long an answer lasts at most, in milliseconds. One that
-- comes late is kept for as much less.
local clock = redis.call('TIME')
local left = tonumber(ARGV[2]) - (clock[1] * 1000 + math.floor(clock[2] / 1000))
local longest = tonumber(ARGV[3])
local known = redis.call('PTTL', KEYS[1])
if known > longest then
    known = 0
end
if ARGV[1] ~= '' and left > math.max(known, 0) and left <= longest then
    redis.call('SET', KEYS[1], ARGV[1], 'PX', left)
end
redis.call('DEL', KEYS[2])
return 1
