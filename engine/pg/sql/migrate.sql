-- Schema versions. Names with `migrate_` run before there is a schema, or while it changes.

-- name: migrate_lock
-- Until the end of the transaction. The number is the name "millrace" in ASCII.
SELECT pg_advisory_xact_lock(7883953486204461925)

-- name: migrate_is_new
-- As this statement sees it: what another has created meanwhile may be missing in the caches behind to_regclass.
SELECT NOT EXISTS (SELECT FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace
                   WHERE n.nspname = 'millrace' AND c.relname = 'migration')

-- name: migrate_version
SELECT coalesce(max(number), 0) FROM millrace.migration

-- name: migrate_works_with
-- The oldest program that may still be used, going by what came after version $1; 0 when nothing did.
SELECT coalesce(max(coalesce(works_with, number)), 0) FROM millrace.migration WHERE number > $1

-- name: migrate_identity
-- Also tells a database from one that was restored from its backup.
SELECT system_identifier::text || '-' || (SELECT oid FROM pg_database WHERE datname = current_database())::text
FROM pg_control_system()

-- name: migrate_note
INSERT INTO millrace.migration (number, name) VALUES ($1, $2)

-- name: migrate_tells_works_with
SELECT EXISTS (SELECT FROM pg_attribute WHERE attrelid = to_regclass('millrace.migration') AND attname = 'works_with')

-- name: migrate_note_works_with
UPDATE millrace.migration SET works_with = $2 WHERE number = $1

-- name: migrate_timeouts
-- For this transaction: as long as it takes, but with little patience for those in the way.
SELECT set_config('statement_timeout', '0', true), set_config('lock_timeout', '2s', true)
