//! What Redis does in one piece: scripts that compare a partition's mark before they change anything.

/// Takes the partition over: sets the incarnation and gives the watermark, -1 if Redis has nothing.
pub(super) const CLAIM: &str = r"
local watermark = redis.call('HGET', KEYS[1], 'watermark')
redis.call('HSET', KEYS[1], 'incarnation', ARGV[1], 'version', '0')
redis.call('HDEL', KEYS[1], 'whole')
if not watermark then
  redis.call('HSET', KEYS[1], 'watermark', '-1')
  return '-1'
end
return watermark";

/// Says that nothing is there and empties hashes, if the mark is the one expected. KEYS are meta and the hashes. ARGV:
/// incarnation, expected version, new version.
pub(super) const CLEAR: &str = r"
local meta = redis.call('HMGET', KEYS[1], 'incarnation', 'version')
if meta[1] ~= ARGV[1] or meta[2] ~= ARGV[2] then return 0 end
redis.call('HSET', KEYS[1], 'version', ARGV[3], 'watermark', '-1')
redis.call('UNLINK', unpack(KEYS, 2))
return 1";

/// Writes states if the mark is the one expected. ARGV: incarnation, expected version, new version, new watermark (''
/// leaves it), then for each state the number of its bucket's key in KEYS, the field, and the value ('' removes).
pub(super) const WRITE: &str = r"
local meta = redis.call('HMGET', KEYS[1], 'incarnation', 'version')
if meta[1] ~= ARGV[1] or meta[2] ~= ARGV[2] then return 0 end
for i = 5, #ARGV, 3 do
  local key = KEYS[tonumber(ARGV[i])]
  if ARGV[i + 2] == '' then redis.call('HDEL', key, ARGV[i + 1])
  else redis.call('HSET', key, ARGV[i + 1], ARGV[i + 2]) end
end
redis.call('HSET', KEYS[1], 'version', ARGV[3])
if ARGV[4] ~= '' then redis.call('HSET', KEYS[1], 'watermark', ARGV[4]) end
return 1";

/// Reads states with the mark: KEYS are meta and the buckets' keys, ARGV the fields. One command, one answer: a Redis
/// that hangs costs one time limit.
pub(super) const READ: &str = r"
local answer = redis.call('HMGET', KEYS[1], 'incarnation', 'version')
for i = 1, #ARGV do answer[i + 2] = redis.call('HGET', KEYS[i + 1], ARGV[i]) end
return answer";

/// Reads whole buckets.
pub(super) const EACH: &str = r"
local answer = {}
for i = 1, #KEYS do answer[i] = redis.call('HGETALL', KEYS[i]) end
return answer";

/// Says that everything up to the watermark is there, if the mark is the one expected.
pub(super) const WHOLE: &str = r"
local meta = redis.call('HMGET', KEYS[1], 'incarnation', 'version')
if meta[1] ~= ARGV[1] or meta[2] ~= ARGV[2] then return 0 end
redis.call('HSET', KEYS[1], 'whole', '1')
return 1";

/// Reads for who owns nothing: whether the partition is whole, and a state. KEYS are meta and the bucket, ARGV the
/// field. Not a transaction: a full Redis refuses those, whatever they do.
pub(in crate::kafka) const READ_WHOLE: &str = r"
return {redis.call('HGET', KEYS[1], 'whole'), redis.call('HGET', KEYS[2], ARGV[1])}";
