-- Where a stream ends, and the event there; nothing in its place when it has been trimmed.
-- KEYS[1]: the stream.
local stream = KEYS[1]
if redis.call('EXISTS', stream) == 0 then return {0, false} end
local last = '0-0'
local info = redis.call('XINFO', 'STREAM', stream)
for at = 1, #info, 2 do
  if info[at] == 'last-generated-id' then last = info[at + 1] end
end
local entry = redis.call('XRANGE', stream, last, last)[1]
return {tonumber(string.match(last, '^%d+')), entry and entry[2][2] or false}
