-- Backfills and their dates.

-- name: put_backfill
INSERT INTO millrace.backfill (backfill, namespace, dag, state, date_order, max_active_runs, reprocess, params, first_date,
                               last_date, skipped, actor, on_behalf_of, reason, created_at)
SELECT $1::uuid, $2::text, $3::text, 'running', $4::text, $5::int, $6::text, $7::text::json, millrace.instant(d.first),
       millrace.instant(d.last), $9::bigint, $10::text, $11::text, $12::text, millrace.instant($13)
FROM (SELECT min(date) AS first, max(date) AS last FROM unnest($8::bigint[]) AS date) AS d

-- name: put_backfill_dates
INSERT INTO millrace.backfill_date (backfill, position, logical_date, state)
SELECT $1::uuid, u.place - 1, millrace.instant(u.date), 'waiting'
FROM unnest($2::bigint[]) WITH ORDINALITY AS u (date, place)

-- name: pause_backfill
UPDATE millrace.backfill SET state = $2, pause_reason = $3 WHERE backfill = $1

-- name: cancel_backfill
UPDATE millrace.backfill SET state = 'cancelling', pause_reason = '' WHERE backfill = $1

-- name: cancel_waiting_dates
UPDATE millrace.backfill_date SET state = 'cancelled' WHERE backfill = $1 AND state = 'waiting'

-- name: end_backfill
UPDATE millrace.backfill SET state = $2, ended_at = millrace.instant($3) WHERE backfill = $1

-- name: begin_backfill_runs
-- Column by column: backfill, logical date, run.
UPDATE millrace.backfill_date AS d SET run = u.run, state = 'running'
FROM unnest($1::uuid[], $2::bigint[], $3::uuid[]) AS u (backfill, date, run)
WHERE d.backfill = u.backfill AND d.logical_date = millrace.instant(u.date)

-- name: end_backfill_runs
-- Column by column: run, state.
UPDATE millrace.backfill_date AS d SET state = u.state
FROM unnest($1::uuid[], $2::text[]) AS u (run, state)
WHERE d.run = u.run

-- name: reopen_backfill_runs
UPDATE millrace.backfill_date SET state = 'running' WHERE run = ANY ($1::uuid[])

-- name: list_backfills  row: Backfill
-- Newest first, before $1 if that is not null, at most $2; of the namespace $3, the DAG $4 and in the state $5, each
-- unless it is empty.
SELECT b.backfill, b.dag, b.namespace, b.state, b.date_order AS "order", b.max_active_runs, b.reprocess, b.params,
       millrace.micros(b.first_date) AS first_date, millrace.micros(b.last_date) AS last_date,
       d.dates, b.skipped, d.waiting, d.running, d.success, d.failed, d.cancelled,
       b.actor, b.on_behalf_of, b.reason, b.pause_reason, millrace.micros(b.created_at) AS created_at,
       millrace.micros(b.ended_at) AS ended_at
FROM (SELECT * FROM millrace.backfill
      WHERE backfill < coalesce($1::uuid, 'ffffffff-ffff-ffff-ffff-ffffffffffff')
        AND ($3::text = '' OR namespace = $3) AND ($4::text = '' OR dag = $4) AND ($5::text = '' OR state = $5)
      ORDER BY backfill DESC LIMIT $2) AS b
CROSS JOIN LATERAL (SELECT count(*) AS dates,
                           count(*) FILTER (WHERE state = 'waiting') AS waiting,
                           count(*) FILTER (WHERE state = 'running') AS running,
                           count(*) FILTER (WHERE state = 'success') AS success,
                           count(*) FILTER (WHERE state = 'failed') AS failed,
                           count(*) FILTER (WHERE state = 'cancelled') AS cancelled
                    FROM millrace.backfill_date WHERE backfill = b.backfill) AS d
ORDER BY b.backfill DESC

-- name: get_backfill  row: Backfill
SELECT b.backfill, b.dag, b.namespace, b.state, b.date_order AS "order", b.max_active_runs, b.reprocess, b.params,
       millrace.micros(b.first_date) AS first_date, millrace.micros(b.last_date) AS last_date,
       d.dates, b.skipped, d.waiting, d.running, d.success, d.failed, d.cancelled,
       b.actor, b.on_behalf_of, b.reason, b.pause_reason, millrace.micros(b.created_at) AS created_at,
       millrace.micros(b.ended_at) AS ended_at
FROM millrace.backfill AS b
CROSS JOIN LATERAL (SELECT count(*) AS dates,
                           count(*) FILTER (WHERE state = 'waiting') AS waiting,
                           count(*) FILTER (WHERE state = 'running') AS running,
                           count(*) FILTER (WHERE state = 'success') AS success,
                           count(*) FILTER (WHERE state = 'failed') AS failed,
                           count(*) FILTER (WHERE state = 'cancelled') AS cancelled
                    FROM millrace.backfill_date WHERE backfill = b.backfill) AS d
WHERE b.backfill = $1

-- name: list_open_backfills  row: Backfill
SELECT b.backfill, b.dag, b.namespace, b.state, b.date_order AS "order", b.max_active_runs, b.reprocess, b.params,
       millrace.micros(b.first_date) AS first_date, millrace.micros(b.last_date) AS last_date,
       d.dates, b.skipped, d.waiting, d.running, d.success, d.failed, d.cancelled,
       b.actor, b.on_behalf_of, b.reason, b.pause_reason, millrace.micros(b.created_at) AS created_at,
       millrace.micros(b.ended_at) AS ended_at
FROM millrace.backfill AS b
CROSS JOIN LATERAL (SELECT count(*) AS dates,
                           count(*) FILTER (WHERE state = 'waiting') AS waiting,
                           count(*) FILTER (WHERE state = 'running') AS running,
                           count(*) FILTER (WHERE state = 'success') AS success,
                           count(*) FILTER (WHERE state = 'failed') AS failed,
                           count(*) FILTER (WHERE state = 'cancelled') AS cancelled
                    FROM millrace.backfill_date WHERE backfill = b.backfill) AS d
WHERE b.ended_at IS NULL
ORDER BY b.backfill

-- name: list_backfill_dates  row: BackfillDate
SELECT position, millrace.micros(logical_date) AS logical_date, state, run
FROM millrace.backfill_date WHERE backfill = $1 AND position >= $2 ORDER BY position LIMIT $3

-- name: date_facts  row: DateFact
-- Of the dates $3 of the DAG $2 in the namespace $1: the newest run, and an open backfill that has still to create its run.
SELECT u.date, r.run, coalesce(e.status, 'running') AS status, w.backfill
FROM unnest($3::bigint[]) AS u (date)
-- OFFSET 0: otherwise PostgreSQL walks all runs of the DAG, newest first, until it meets one of the date.
LEFT JOIN LATERAL (SELECT run FROM (SELECT run FROM millrace.run WHERE namespace = $1 AND dag = $2
                                      AND logical_date = millrace.instant(u.date) OFFSET 0) AS of_date
                   ORDER BY run DESC LIMIT 1) AS r ON true
LEFT JOIN LATERAL (SELECT status FROM millrace.run_end WHERE run = r.run LIMIT 1) AS e ON true
LEFT JOIN LATERAL (SELECT b.backfill FROM millrace.backfill AS b
                   JOIN millrace.backfill_date AS d USING (backfill)
                   WHERE b.ended_at IS NULL AND b.namespace = $1 AND b.dag = $2
                     AND d.logical_date = millrace.instant(u.date) AND d.state = 'waiting'
                   LIMIT 1) AS w ON true
WHERE r.run IS NOT NULL OR w.backfill IS NOT NULL

-- name: forget_backfills
-- Those that ended before $1, with their dates; at most $2.
DELETE FROM millrace.backfill WHERE backfill IN (
  SELECT backfill FROM millrace.backfill WHERE ended_at < millrace.instant($1) LIMIT $2)
