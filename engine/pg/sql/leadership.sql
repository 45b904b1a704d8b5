-- Leadership of a shard. A time given by the caller is a test's clock; null means the database's own.

-- name: lease_state
-- How things are, without a lock: a standby asks this again and again, and must not disturb the leader. The end of the
-- lease only tells one renewal from the next: each engine counts by its own steady time. $1 shard.
SELECT epoch, owner, millrace.lease_end(shard)
FROM millrace.leader WHERE shard = $1

-- name: make_shard
WITH made AS MATERIALIZED (SELECT millrace.make_lease($1::text))
INSERT INTO millrace.leader (shard, epoch, owner, since) SELECT $1::text, 0, '', now() FROM made
ON CONFLICT (shard) DO NOTHING

-- name: lock_shard
-- Waits for appends under way.
SELECT 1 FROM millrace.leader WHERE shard = $1 FOR UPDATE

-- name: take_lease
-- $1 shard, $2 owner, $3 ttl in microseconds, $4 the test's clock.
UPDATE millrace.leader SET epoch = epoch + 1, owner = $2, since = now() WHERE shard = $1
RETURNING epoch, millrace.set_lease_end($1, coalesce($4::bigint, millrace.micros(clock_timestamp())) + $3)

-- name: renew_lease
-- In share: a takeover waits, or is seen.
-- Another value each time, though the clock stands still or is set back.
SELECT millrace.set_lease_end(held.shard, ends + (ends = millrace.lease_end(held.shard))::int)
FROM (SELECT coalesce($4::bigint, millrace.micros(clock_timestamp())) + $3 AS ends) AS e,
     (SELECT shard FROM millrace.leader WHERE shard = $1 AND epoch = $2 AND owner <> '' FOR SHARE) AS held

-- name: release_lease
-- A number that no engine holds: the released one is fenced from here on.
UPDATE millrace.leader SET epoch = epoch + 1, owner = '', since = now()
WHERE shard = $1 AND epoch = $2 AND owner <> ''
RETURNING millrace.set_lease_end(shard, 1)

-- name: forget_leader
-- The leader that a restored database recorded belongs to the original.
UPDATE millrace.leader SET epoch = epoch + 1, owner = '', since = now() WHERE owner <> ''
