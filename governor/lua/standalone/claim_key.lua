-- Notes which connection works with a key, unless another one is noted.
--
-- KEYS    the owners of all keys
-- ARGV    digest, connection, instead_of (the connection that may be replaced; empty: none)
-- Returns the connection that is noted now
-- Cost    O(1)
-- Atomic  because two connections with one key may both begin at this moment

local owners, digest, connection, instead_of = KEYS[1], unpack(ARGV)
local owner = redis.call('HGET', owners, digest)
if owner and owner ~= instead_of then return owner end
redis.call('HSET', owners, digest, connection)
return connection
