-- What the database remembers, and how it forgets. The cutting itself is done by functions of migration 0002, since a
-- table's name cannot be a parameter.

-- name: upkeep_begins
-- For this transaction: one at a time; and who is in the way is not waited for, since all others would wait behind us.
SELECT set_config('statement_timeout', '600s', true), set_config('lock_timeout', '300ms', true),
       pg_advisory_xact_lock(7883953486204461926)

-- name: history_clock  row: HistoryClock
-- $1 is a test's clock. newest_event is the time of the newest event, newest_dropped_end the end of the newest period
-- that was dropped; null where there is none.
SELECT millrace.micros(seen) AS seen, agreed, since_drop,
       (SELECT millrace.micros(at) FROM millrace.journal ORDER BY seq DESC LIMIT 1) AS newest_event,
       (SELECT millrace.micros(max(ends)) FROM millrace.period WHERE dropped_at IS NOT NULL) AS newest_dropped_end,
       coalesce($1::bigint, millrace.micros(clock_timestamp())) AS now
FROM millrace.history_clock

-- name: note_history_clock
-- The third is what has passed: another engine may have dropped a period meanwhile.
UPDATE millrace.history_clock SET seen = millrace.instant($1), agreed = $2, since_drop = since_drop + $3

-- name: last_period
SELECT number, millrace.micros(ends) FROM millrace.period ORDER BY number DESC LIMIT 1

-- name: add_period
SELECT millrace.add_period($1, millrace.instant($2))

-- name: claim_drop
-- No row: a period was dropped less than $1 ago.
UPDATE millrace.history_clock SET since_drop = 0 WHERE since_drop >= $1 RETURNING 1

-- name: periods_until
-- Those that ended by then and are still here, oldest first.
SELECT number FROM millrace.period WHERE dropped_at IS NULL AND ends <= millrace.instant($1) ORDER BY number

-- name: drop_period
SELECT millrace.drop_period($1, millrace.instant($2))

-- name: forget_runs
-- Runs that outlived their period and ended before $1, with all that hangs on them; at most $2 at a time. The artifacts
-- that something names stay.
WITH gone AS MATERIALIZED (
  SELECT e.run FROM millrace.run_end_rest AS e JOIN millrace.run_rest AS r USING (run)
  WHERE e.finished_at < millrace.instant($1) AND r.created_at < millrace.instant($1)
  LIMIT $2 FOR UPDATE SKIP LOCKED
), j AS (DELETE FROM millrace.journal_rest WHERE run IN (SELECT run FROM gone)
), t AS (DELETE FROM millrace.task_instance_rest WHERE run IN (SELECT run FROM gone)
), l AS (DELETE FROM millrace.log_chunk_rest WHERE run IN (SELECT run FROM gone)
), w AS (DELETE FROM millrace.alert_rest WHERE run IN (SELECT run FROM gone)
), a AS (DELETE FROM millrace.artifact_rest WHERE run IN (SELECT run FROM gone)
                                              AND digest <> ALL (millrace.named_artifacts())
), e AS (DELETE FROM millrace.run_end_rest WHERE run IN (SELECT run FROM gone)
), r AS (DELETE FROM millrace.run_rest WHERE run IN (SELECT run FROM gone))
SELECT count(*) FROM gone

-- name: forget_strays
-- What no period covers and no run holds, of before $1.
WITH j AS (DELETE FROM millrace.journal_rest WHERE run IS NULL AND at < millrace.instant($1)
), r AS (DELETE FROM millrace.command_result_rest WHERE at < millrace.instant($1)
         RETURNING command
), c AS (DELETE FROM millrace.command_rest WHERE command IN (SELECT command FROM r)
), p AS (DELETE FROM millrace.prediction_rest WHERE at < millrace.instant($1)
), b AS (DELETE FROM millrace.prediction_batch_rest WHERE at < millrace.instant($1))
DELETE FROM millrace.serving_window_rest WHERE start < millrace.instant($1)

-- name: forget_command_keys
-- Of commands that are forgotten, at most $2.
DELETE FROM millrace.command_key WHERE (namespace, idempotency_key) IN (
  SELECT namespace, idempotency_key FROM millrace.command_key AS k
  WHERE command < millrace.first_id(millrace.instant($1))
    AND NOT EXISTS (SELECT FROM millrace.command AS c WHERE c.command = k.command)
  LIMIT $2)

-- name: forget_scheduled_runs
-- Of runs that are forgotten, at most $2. The newest of a DAG that is not after $3, the present, stays: the schedule goes on
-- from it. Later ones are of a clock that was ahead.
DELETE FROM millrace.scheduled_run WHERE (namespace, dag, logical_date) IN (
  SELECT namespace, dag, logical_date FROM millrace.scheduled_run AS s
  WHERE run < millrace.first_id(millrace.instant($1))
    AND NOT EXISTS (SELECT FROM millrace.run AS r WHERE r.run = s.run)
    AND EXISTS (SELECT FROM millrace.scheduled_run AS n WHERE n.namespace = s.namespace AND n.dag = s.dag
                AND n.logical_date > s.logical_date AND n.logical_date <= millrace.instant($3))
  LIMIT $2)

-- name: list_periods  row: Period
-- Oldest first; rows of small tables are counted, others are an estimate of PostgreSQL's planner: see rows_of.
SELECT p.number, millrace.micros(nullif(p.starts, '-infinity')) AS starts, millrace.micros(p.ends) AS ends,
       millrace.micros(p.dropped_at) AS dropped_at,
       coalesce((SELECT sum(pg_total_relation_size(to_regclass('millrace.' || t.name || '_' || p.number)))
                 FROM millrace.history_table() AS t), 0)::bigint AS bytes,
       coalesce(millrace.rows_of(to_regclass('millrace.run_' || p.number)), 0) AS runs,
       coalesce(millrace.rows_of(to_regclass('millrace.task_instance_' || p.number)), 0) AS tasks,
       coalesce((SELECT reltuples >= 0 AND pg_relation_size(oid) > 32 * 1024 * 1024 FROM pg_class
                 WHERE oid = to_regclass('millrace.run_' || p.number)), false) AS runs_estimated,
       coalesce((SELECT reltuples >= 0 AND pg_relation_size(oid) > 32 * 1024 * 1024 FROM pg_class
                 WHERE oid = to_regclass('millrace.task_instance_' || p.number)), false) AS tasks_estimated
FROM millrace.period AS p ORDER BY p.number
