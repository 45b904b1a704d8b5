-- Commands on their way to the planner.

-- name: put_command
-- No row: the command is there already, or its key names one.
WITH key AS (
  INSERT INTO millrace.command_key (namespace, idempotency_key, command)
  SELECT $5, $4, $1 WHERE NOT EXISTS (SELECT 1 FROM millrace.command WHERE command = $1)
  ON CONFLICT (namespace, idempotency_key) DO NOTHING
  RETURNING command
)
INSERT INTO millrace.command (command, kind, body, idempotency_key, namespace, actor, token, roles, reason, on_behalf_of,
                              created_at)
SELECT $1::uuid, $2::text, $3::text::json, $4::text, $5::text, $6::text, $7::text, $8::text[], $9::text, $10::text,
       millrace.instant($11)
WHERE EXISTS (SELECT 1 FROM key)
ON CONFLICT (command) DO NOTHING
RETURNING command

-- name: put_command_without_key
INSERT INTO millrace.command (command, kind, body, namespace, actor, token, roles, reason, on_behalf_of, created_at)
VALUES ($1, $2, $3::text::json, $4, $5, $6, $7::text[], $8, $9, millrace.instant($10))
ON CONFLICT (command) DO NOTHING
RETURNING command

-- name: find_command  row: Command
-- By its id, else by its idempotency key ($2 null: none).
SELECT command, kind, body, idempotency_key, namespace, actor AS who, token, roles, reason, on_behalf_of,
       millrace.micros(created_at) AS created_at
FROM millrace.command
WHERE command IN ($1, (SELECT k.command FROM millrace.command_key AS k WHERE namespace = $3 AND idempotency_key = $2))
ORDER BY command = $1 DESC LIMIT 1

-- name: free_command_key
-- If its command has been forgotten.
DELETE FROM millrace.command_key AS k
WHERE namespace = $1 AND idempotency_key = $2
  AND NOT EXISTS (SELECT 1 FROM millrace.command AS c WHERE c.command = k.command)

-- name: pending_commands  row: Command
-- Those after the mark $1 that have no answer, at most $2.
SELECT command, kind, body, idempotency_key, namespace, actor AS who, token, roles, reason, on_behalf_of,
       millrace.micros(created_at) AS created_at
FROM millrace.command AS c
WHERE pos > $1 AND NOT EXISTS (SELECT 1 FROM millrace.command_result AS r WHERE r.command = c.command)
ORDER BY pos LIMIT $2

-- name: command_result  row: CommandAnswer
SELECT command, ok, result, millrace.micros(at) AS at FROM millrace.command_result WHERE command = $1

-- name: inbox_mark
SELECT coalesce(max(pos), 0) FROM millrace.inbox_mark

-- name: inbox_end
SELECT coalesce(max(pos), 0) FROM millrace.command

-- name: inbox_writers
-- The transactions that may have taken a position: each holds this lock from before it takes one to its end.
SELECT array_agg(DISTINCT virtualtransaction) FROM pg_catalog.pg_locks
WHERE relation = 'millrace.command'::regclass AND mode = 'RowExclusiveLock'
  AND database = (SELECT oid FROM pg_catalog.pg_database WHERE datname = current_database())

-- name: inbox_mark_ahead
-- The farthest that the mark $1 may move, at most to $2: no command up to there is open. REQUIRES: no transaction is
-- still writing a command up to $2.
SELECT coalesce(min(pos) FILTER (WHERE open) - 1, max(pos), $1)
FROM (SELECT pos, NOT EXISTS (SELECT 1 FROM millrace.command_result AS r WHERE r.command = c.command) AS open
      FROM millrace.command AS c WHERE pos > $1 AND pos <= $2 ORDER BY pos LIMIT 100000) AS ahead

-- name: put_inbox_mark
WITH gone AS (DELETE FROM millrace.inbox_mark WHERE pos < $1)
INSERT INTO millrace.inbox_mark (pos) VALUES ($1) ON CONFLICT DO NOTHING
