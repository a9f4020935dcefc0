-- Appends events to a stream, so that it never has a hole and nothing twice, whoever else appends.
-- KEYS[1]: the stream. ARGV[1]: where it is thought to end. ARGV[2]: the seq of the first event.
-- ARGV[3…]: the events. Answers where the stream ended, and how many of the events were there
-- already; -1 when none was appended because of a hole.
local stream, after, first = KEYS[1], tonumber(ARGV[1]), tonumber(ARGV[2])
local last = 0
if redis.call('EXISTS', stream) == 1 then
  local info = redis.call('XINFO', 'STREAM', stream)
  for at = 1, #info, 2 do
    if info[at] == 'last-generated-id' then last = tonumber(string.match(info[at + 1], '^%d+')) end
  end
end
if last ~= after and last < first - 1 then return {last, -1} end
local already = 0
for nth = 3, #ARGV do
  local seq = first + nth - 3
  if seq <= last then
    already = already + 1
  else
    redis.call('XADD', stream, string.format('%.0f-0', seq), 'event', ARGV[nth])
  end
end
return {last, already}
