-- Schema versions. Names with `migrate_` run before there is a schema, or while it changes.

-- name: migrate_lock
-- Until the end of the transaction. The number is the name "millrace" in ASCII.
SELECT pg_advisory_xact_lock(7883953486204461925)

-- name: migrate_is_new
SELECT to_regclass('millrace.migration') IS NULL

-- name: migrate_version
SELECT coalesce(max(number), 0) FROM millrace.migration

-- name: migrate_note
INSERT INTO millrace.migration (number, name) VALUES ($1, $2)

-- name: set_timeouts
SELECT set_config('statement_timeout', $1, false), set_config('lock_timeout', $2, false)
