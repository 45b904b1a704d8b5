-- What a doctor asks. Everything here only looks.

-- name: health_settings
SELECT pg_is_in_recovery() OR current_setting('transaction_read_only')::boolean,
       current_setting('fsync'), current_setting('full_page_writes'), current_setting('synchronous_commit'),
       millrace.micros(clock_timestamp())

-- name: health_leader
-- No row: nobody ever led. The lease's end is in microseconds from now.
SELECT epoch, owner, millrace.micros(since), millrace.lease_end(shard) - millrace.micros(clock_timestamp())
FROM millrace.leader WHERE shard = $1

-- name: health_connections
SELECT count(*), current_setting('max_connections')::bigint - current_setting('superuser_reserved_connections')::bigint,
       (SELECT application_name FROM pg_stat_activity WHERE backend_type = 'client backend'
        GROUP BY application_name ORDER BY count(*) DESC LIMIT 1)
FROM pg_stat_activity WHERE backend_type = 'client backend'

-- name: health_oldest
-- What keeps dead rows from being cleared away, the oldest first: transactions of sessions, prepared ones, and
-- replication slots that nobody reads.
SELECT 'the session ' || pid || ' (' || coalesce(nullif(application_name, ''), 'without a name') || ', ' || state || ')',
       extract(epoch FROM clock_timestamp() - xact_start)::float8,
       'SELECT pg_terminate_backend(' || pid || ')'
FROM pg_stat_activity
WHERE backend_type = 'client backend' AND xact_start IS NOT NULL AND backend_xmin IS NOT NULL AND pid <> pg_backend_pid()
UNION ALL
SELECT 'the prepared transaction ' || quote_literal(gid), extract(epoch FROM clock_timestamp() - prepared)::float8,
       'ROLLBACK PREPARED ' || quote_literal(gid)
FROM pg_prepared_xacts
UNION ALL
SELECT 'the replication slot ' || quote_literal(slot_name), 'infinity'::float8,
       'SELECT pg_drop_replication_slot(' || quote_literal(slot_name) || ')'
FROM pg_replication_slots WHERE NOT active AND (xmin IS NOT NULL OR catalog_xmin IS NOT NULL)
ORDER BY 2 DESC LIMIT 1

-- name: health_inbox
-- Seconds that the oldest command has been waiting for its answer; null: none waits.
SELECT extract(epoch FROM clock_timestamp() - min(c.created_at))::float8
FROM millrace.command c
WHERE c.pos > coalesce((SELECT max(pos) FROM millrace.inbox_mark), 0)
  AND NOT EXISTS (SELECT FROM millrace.command_result r WHERE r.command = c.command)

-- name: health_commit
-- A commit that changes nothing. It waits for the disk as any other does.
UPDATE millrace.history_clock SET one = one

-- name: health_knows_history
SELECT to_regclass('millrace.history_clock') IS NOT NULL

-- name: health_history
-- Microseconds for which the clock has agreed with steady time; from when it was compared last until now; how far the
-- newest event is ahead of the clock (null: no event); runs that are dated in the future, up to a thousand.
SELECT agreed, millrace.micros(clock_timestamp()) - millrace.micros(seen),
       (SELECT millrace.micros(at) FROM millrace.journal ORDER BY seq DESC LIMIT 1) - millrace.micros(clock_timestamp()),
       (SELECT count(*) FROM (SELECT FROM millrace.run
                              WHERE run > millrace.first_id(clock_timestamp() + interval '1 minute') LIMIT 1000) AS r)
FROM millrace.history_clock
