-- Looks for an answer, and if there is none, for who asks the engine. KEYS: the answer, and the
-- sign that somebody asks. ARGV: how long either lasts at most, in milliseconds; one that lasts
-- longer was written by a clock that was set back since, and counts as none. Answers
-- {1, answer, milliseconds that it may still be used}, {2, '', now in milliseconds} for who has to
-- ask, or {3, '', 0} while somebody else does.
local longest = tonumber(ARGV[1])
local left = redis.call('PTTL', KEYS[1])
if left > 0 and left <= longest then
    return { 1, redis.call('GET', KEYS[1]), left }
end
local asked = redis.call('PTTL', KEYS[2])
if asked > 0 and asked <= longest then
    return { 3, '', 0 }
end
redis.call('SET', KEYS[2], '1', 'PX', longest)
local clock = redis.call('TIME')
return { 2, '', clock[1] * 1000 + math.floor(clock[2] / 1000) }
