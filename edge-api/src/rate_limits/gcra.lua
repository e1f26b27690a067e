-- Spends one request of every key, or of none: the arithmetic of gcra.rs on Redis's own time.
-- KEYS: what has a limit. ARGV: for each key what one request costs and what may be spent at
-- once, in microseconds. Answers the key that has to wait longest (0: none), for how many
-- microseconds, and the time that was decided at.
local clock = redis.call('TIME')
local now = clock[1] * 1000000 + clock[2]
local spent = {}
local refused, longest = 0, 0
for i, key in ipairs(KEYS) do
    local interval, full = tonumber(ARGV[2 * i - 1]), tonumber(ARGV[2 * i])
    local done_at = tonumber(redis.call('GET', key) or 0)
    spent[i] = math.max(math.min(done_at, now + full), now) + interval
    local wait = spent[i] - full - now
    if wait > longest then
        refused, longest = i, wait
    end
end
if refused == 0 then
    for i, key in ipairs(KEYS) do
        -- Once nothing is spent any more, an unknown key says the same.
        local left_millis = math.ceil((spent[i] - now) / 1000)
        redis.call('SET', key, string.format('%.0f', spent[i]), 'PX', left_millis)
    end
end
return { refused, longest, now }
