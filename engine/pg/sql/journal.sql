-- The journal and the projections that are written with it.

-- An append is one statement, one round trip and one commit. It is put together of these blocks, so that it holds only the
-- tables that the batch has rows for: an empty part would cost as much to make ready as a full one (append_statement.h).
-- Every block counts its parameters from 1, and they follow those of the blocks before it.

-- name: append_journal
-- $1 shard, $2 epoch, $3 first seq, $4 events in all; $5-$11 the rows, column by column. $12: no row of the append before
-- this one is older, if the caller knows; it spares a look into every period for the end. (As a time and not as
-- microseconds: PostgreSQL then leaves the other periods alone at a third of the cost.)
-- Nothing is written unless the fence holds and the batch follows the journal's end; the answer tells both.
WITH fence AS MATERIALIZED (
  SELECT 1 FROM millrace.leader WHERE shard = $1::text AND epoch = $2::bigint FOR SHARE
), tail AS MATERIALIZED (
  SELECT coalesce((SELECT batch + batch_events - 1 FROM millrace.journal
                   WHERE at >= $12 ORDER BY seq DESC LIMIT 1), millrace.journal_end()) AS seq
), go AS MATERIALIZED (
  SELECT $3::bigint AS first_seq FROM fence, tail WHERE tail.seq = $3::bigint - 1
), j AS (
  INSERT INTO millrace.journal (seq, batch, batch_events, epoch, run, n, at, seqs, ats, events)
  SELECT u.seq, go.first_seq, $4::int, $2::bigint, u.run, u.n, millrace.instant(u.at), u.seqs::int[], u.ats::bigint[],
         u.events
  FROM go, unnest($5::bigint[], $6::uuid[], $7::int[], $8::bigint[], $9::text[], $10::text[], $11::text[])
    AS u (seq, run, n, at, seqs, ats, events)
)

-- name: append_runs
, r AS (
  INSERT INTO millrace.run (run, dag, namespace, version, type, logical_date, interval_start, interval_end,
                            params, trigger, trace_id, actor, on_behalf_of, reason, created_at, created_seq, backfill)
  SELECT u.run, u.dag, u.namespace, u.version, u.type, millrace.instant(u.logical_date),
         millrace.instant(u.interval_start), millrace.instant(u.interval_end), u.params::json, u.trigger::json,
         u.trace_id, u.actor, u.on_behalf_of, u.reason, millrace.instant(u.created_at), go.first_seq, u.backfill
  FROM go, unnest($1::uuid[], $2::text[], $3::text[], $4::text[], $5::text[], $6::bigint[], $7::bigint[],
                  $8::bigint[], $9::text[], $10::text[], $11::text[], $12::text[], $13::text[], $14::text[], $15::bigint[], $16::uuid[])
    AS u (run, dag, namespace, version, type, logical_date, interval_start, interval_end, params, trigger, trace_id,
          actor, on_behalf_of, reason, created_at, backfill)
)

-- name: append_scheduled_runs
, s AS (
  INSERT INTO millrace.scheduled_run (namespace, dag, logical_date, run)
  SELECT u.namespace, u.dag, millrace.instant(u.logical_date), u.run
  FROM go, unnest($1::text[], $2::text[], $3::bigint[], $4::uuid[]) AS u (namespace, dag, logical_date, run)
)

-- name: append_run_ends
, e AS (
  INSERT INTO millrace.run_end (run, status, finished_at, namespace, dag, outputs, error)
  SELECT u.run, u.status, millrace.instant(u.finished_at), u.namespace, u.dag, u.outputs::json, u.error
  FROM go, unnest($1::uuid[], $2::text[], $3::bigint[], $4::text[], $5::text[], $6::text[], $7::text[])
    AS u (run, status, finished_at, namespace, dag, outputs, error)
)

-- name: append_task_ends
, t AS (
  INSERT INTO millrace.task_instance (run, task, map_index, state, attempt, started_at, ended_at, error)
  SELECT u.run, u.task, u.map_index, u.state, u.attempt, millrace.instant(u.started_at),
         millrace.instant(u.ended_at), u.error
  FROM go, unnest($1::uuid[], $2::text[], $3::int[], $4::text[], $5::int[], $6::bigint[], $7::bigint[], $8::text[])
    AS u (run, task, map_index, state, attempt, started_at, ended_at, error)
)

-- name: append_answers
, c AS (
  INSERT INTO millrace.command_result (command, ok, result, at)
  SELECT u.command, u.ok, u.result::json, millrace.instant(u.at)
  FROM go, unnest($1::uuid[], $2::boolean[], $3::text[], $4::bigint[]) AS u (command, ok, result, at)
  ON CONFLICT (command) DO NOTHING
)

-- name: append_outcome
SELECT EXISTS (SELECT 1 FROM fence) AS leads, EXISTS (SELECT 1 FROM go) AS written

-- name: journal_batch
-- The append that began at $1.
SELECT epoch, batch_events FROM millrace.journal WHERE seq = $1 AND batch = $1

-- name: journal_last_seq
SELECT millrace.journal_end()

-- name: journal_start_after
-- For a reader of the events after $1: after which one it can go on, since earlier ones may have been forgotten; and
-- where the append begins that brought the next one (null: there is none).
SELECT f.after, (SELECT batch FROM millrace.journal WHERE seq <= f.after + 1 ORDER BY seq DESC LIMIT 1)
FROM (SELECT greatest($1::bigint, (SELECT max(last_seq) FROM millrace.period)) AS after) AS f

-- name: journal_page  row: JournalRow
-- Rows from seq $1 on, at most $3, until they hold $2 events.
SELECT seq, run, millrace.micros(at) AS at, seqs, ats, events
FROM (SELECT *, sum(n) OVER (ORDER BY seq) - n AS before
      FROM (SELECT seq, run, at, seqs, ats, events, n FROM millrace.journal
            WHERE seq >= $1 ORDER BY seq LIMIT $3) AS ahead) AS counted
WHERE before < $2
ORDER BY seq

-- name: journal_read_run  row: JournalRow
SELECT seq, run, millrace.micros(at) AS at, seqs, ats, events
FROM millrace.journal WHERE run = $1 ORDER BY seq

-- name: reopen_runs
-- $1 runs, $2 first seq of the append.
-- How many there are: one that has been forgotten in the meantime cannot go on.
WITH there AS MATERIALIZED (
  SELECT run FROM millrace.run WHERE run = ANY ($1::uuid[]) FOR SHARE
), gone AS (
  DELETE FROM millrace.run_end WHERE run = ANY ($1::uuid[])
), noted AS (
  INSERT INTO millrace.run_reopened (seq, run) SELECT $2::bigint, run FROM there
)
SELECT count(*) FROM there

-- name: clear_tasks
-- $1 run, $2 task, $3 map index; below 0: every row of the task.
DELETE FROM millrace.task_instance
WHERE run = $1 AND task = $2 AND ($3::int < 0 OR map_index = $3)

-- name: remove_tasks
-- The rows with these keys, column by column.
DELETE FROM millrace.task_instance t
USING unnest($1::uuid[], $2::text[], $3::int[]) AS u (run, task, map_index)
WHERE t.run = u.run AND t.task = u.task AND t.map_index = u.map_index

-- name: open_runs_mark
-- Writes down which runs are open now, so that finding them again need not look further back.
INSERT INTO millrace.open_runs_mark (seq, runs)
SELECT millrace.journal_end(),
       coalesce((SELECT array_agg(candidate.run)
                 FROM (SELECT unnest(m.runs) AS run FROM (SELECT runs FROM millrace.open_runs_mark
                                                          ORDER BY seq DESC LIMIT 1) AS m
                       UNION SELECT run FROM millrace.run
                         WHERE created_seq > coalesce((SELECT max(seq) FROM millrace.open_runs_mark), 0)
                       UNION SELECT run FROM millrace.run_reopened
                         WHERE seq > coalesce((SELECT max(seq) FROM millrace.open_runs_mark), 0)) AS candidate
                 WHERE NOT EXISTS (SELECT 1 FROM millrace.run_end e WHERE e.run = candidate.run)), '{}')
WHERE EXISTS (SELECT 1 FROM millrace.journal)
ON CONFLICT (seq) DO NOTHING

-- name: forget_open_runs_marks
-- And which runs had been opened again before the last one.
WITH reopened AS (DELETE FROM millrace.run_reopened WHERE seq <= (SELECT max(seq) FROM millrace.open_runs_mark))
DELETE FROM millrace.open_runs_mark WHERE seq < (SELECT max(seq) FROM millrace.open_runs_mark)
