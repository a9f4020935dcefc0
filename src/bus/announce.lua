-- Says which epoch is told. The stream of the one before it goes when its time has passed.
-- KEYS[1]: where the epoch stands. KEYS[2]: the prefix of streams. ARGV[1]: the epoch. ARGV[2]: seconds.
local before = redis.call('GET', KEYS[1])
if before ~= ARGV[1] then
  if before then redis.call('EXPIRE', KEYS[2] .. before, ARGV[2]) end
  redis.call('SET', KEYS[1], ARGV[1])
end
redis.call('PERSIST', KEYS[2] .. ARGV[1])
return redis.status_reply('OK')
