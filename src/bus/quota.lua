-- Counts requests against an allowance that fills up evenly (the generic cell rate algorithm).
-- KEYS[1]: whose. ARGV[1]: microseconds for one request. ARGV[2]: how many at once. ARGV[3]: how many now.
-- Returns whether they fit, how many more would, and in how many microseconds these would.
local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]
local each, most, cost = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])
local full = math.max(tonumber(redis.call('GET', KEYS[1]) or now), now)
local after = full + each * cost
local wait = after - each * most - now
if wait > 0 then return {0, math.floor((each * most - (full - now)) / each), math.ceil(wait)} end
redis.call('SET', KEYS[1], string.format('%.0f', after), 'PX', math.ceil((after - now) / 1000))
return {1, math.floor(-wait / each), 0}
