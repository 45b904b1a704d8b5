-- Runs, task instances and DAGs, for those who read.

-- name: list_runs  row: Run
-- Newest first, before $1 if that is not null, at most $2. One query for each way to find them, since a plan that
-- serves all parameters serves none well. Here and below: first those that are to be shown, and then the other half of
-- each by its id. Joined at once, the plan would be for far more rows than anybody asks for.
SELECT r.run, r.dag, r.namespace, r.version, r.type, coalesce(e.status, s.open_status) AS status,
       millrace.micros(r.logical_date) AS logical_date, millrace.micros(r.interval_start) AS interval_start,
       millrace.micros(r.interval_end) AS interval_end, r.params, r.trigger, r.trace_id, r.actor,
       r.on_behalf_of, r.reason, millrace.micros(r.created_at) AS created_at, s.started_at, millrace.micros(e.finished_at) AS finished_at,
       e.outputs, coalesce(e.error, '') AS error, r.backfill
FROM (SELECT * FROM millrace.run WHERE run < coalesce($1::uuid, 'ffffffff-ffff-ffff-ffff-ffffffffffff')
      ORDER BY run DESC LIMIT $2) AS r
LEFT JOIN LATERAL (SELECT * FROM millrace.run_end AS e WHERE e.run = r.run LIMIT 1) AS e ON true
CROSS JOIN LATERAL millrace.run_start(r.run, r.created_seq) AS s
ORDER BY r.run DESC

-- name: list_runs_of_dag  row: Run
-- As list_runs, of the DAG $4 in the namespace $3.
SELECT r.run, r.dag, r.namespace, r.version, r.type, coalesce(e.status, s.open_status) AS status,
       millrace.micros(r.logical_date) AS logical_date, millrace.micros(r.interval_start) AS interval_start,
       millrace.micros(r.interval_end) AS interval_end, r.params, r.trigger, r.trace_id, r.actor,
       r.on_behalf_of, r.reason, millrace.micros(r.created_at) AS created_at, s.started_at, millrace.micros(e.finished_at) AS finished_at,
       e.outputs, coalesce(e.error, '') AS error, r.backfill
FROM (SELECT * FROM millrace.run
      WHERE namespace = $3 AND dag = $4 AND run < coalesce($1::uuid, 'ffffffff-ffff-ffff-ffff-ffffffffffff')
      ORDER BY run DESC LIMIT $2) AS r
LEFT JOIN LATERAL (SELECT * FROM millrace.run_end AS e WHERE e.run = r.run LIMIT 1) AS e ON true
CROSS JOIN LATERAL millrace.run_start(r.run, r.created_seq) AS s
ORDER BY r.run DESC

-- name: list_runs_of_namespace  row: Run
-- As list_runs, of the namespace $3.
SELECT r.run, r.dag, r.namespace, r.version, r.type, coalesce(e.status, s.open_status) AS status,
       millrace.micros(r.logical_date) AS logical_date, millrace.micros(r.interval_start) AS interval_start,
       millrace.micros(r.interval_end) AS interval_end, r.params, r.trigger, r.trace_id, r.actor,
       r.on_behalf_of, r.reason, millrace.micros(r.created_at) AS created_at, s.started_at, millrace.micros(e.finished_at) AS finished_at,
       e.outputs, coalesce(e.error, '') AS error, r.backfill
FROM (SELECT * FROM millrace.run
      WHERE namespace = $3 AND run < coalesce($1::uuid, 'ffffffff-ffff-ffff-ffff-ffffffffffff')
      ORDER BY run DESC LIMIT $2) AS r
LEFT JOIN LATERAL (SELECT * FROM millrace.run_end AS e WHERE e.run = r.run LIMIT 1) AS e ON true
CROSS JOIN LATERAL millrace.run_start(r.run, r.created_seq) AS s
ORDER BY r.run DESC

-- name: list_newest_of_each_dag  row: Run
-- The same of every DAG, $1 of each.
SELECT r.run, r.dag, r.namespace, r.version, r.type, coalesce(e.status, s.open_status) AS status,
       millrace.micros(r.logical_date) AS logical_date, millrace.micros(r.interval_start) AS interval_start,
       millrace.micros(r.interval_end) AS interval_end, r.params, r.trigger, r.trace_id, r.actor,
       r.on_behalf_of, r.reason, millrace.micros(r.created_at) AS created_at, s.started_at, millrace.micros(e.finished_at) AS finished_at,
       e.outputs, coalesce(e.error, '') AS error, r.backfill
FROM millrace.dag AS d
CROSS JOIN LATERAL (SELECT * FROM millrace.run AS r WHERE r.namespace = d.namespace AND r.dag = d.dag
                    ORDER BY run DESC LIMIT $1) AS r
LEFT JOIN LATERAL (SELECT * FROM millrace.run_end AS e WHERE e.run = r.run LIMIT 1) AS e ON true
CROSS JOIN LATERAL millrace.run_start(r.run, r.created_seq) AS s
ORDER BY r.namespace, r.dag, r.run DESC

-- name: list_runs_success_of_dag  row: Run
-- As list_runs, of the DAG $4 in the namespace $3, of status success: most of them are.
SELECT r.run, r.dag, r.namespace, r.version, r.type, e.status,
       millrace.micros(r.logical_date) AS logical_date, millrace.micros(r.interval_start) AS interval_start,
       millrace.micros(r.interval_end) AS interval_end, r.params, r.trigger, r.trace_id, r.actor,
       r.on_behalf_of, r.reason, millrace.micros(r.created_at) AS created_at, s.started_at, millrace.micros(e.finished_at) AS finished_at,
       e.outputs, coalesce(e.error, '') AS error, r.backfill
FROM (SELECT * FROM millrace.run
      WHERE namespace = $3 AND dag = $4 AND run < coalesce($1::uuid, 'ffffffff-ffff-ffff-ffff-ffffffffffff') ORDER BY run DESC) AS r
CROSS JOIN LATERAL (SELECT * FROM millrace.run_end AS e WHERE e.run = r.run AND status = 'success' LIMIT 1) AS e
CROSS JOIN LATERAL millrace.run_start(r.run, r.created_seq) AS s
ORDER BY r.run DESC LIMIT $2

-- name: list_runs_success_of_namespace  row: Run
-- The same, of all DAGs in the namespace $3.
SELECT r.run, r.dag, r.namespace, r.version, r.type, e.status,
       millrace.micros(r.logical_date) AS logical_date, millrace.micros(r.interval_start) AS interval_start,
       millrace.micros(r.interval_end) AS interval_end, r.params, r.trigger, r.trace_id, r.actor,
       r.on_behalf_of, r.reason, millrace.micros(r.created_at) AS created_at, s.started_at, millrace.micros(e.finished_at) AS finished_at,
       e.outputs, coalesce(e.error, '') AS error, r.backfill
FROM (SELECT * FROM millrace.run
      WHERE namespace = $3 AND run < coalesce($1::uuid, 'ffffffff-ffff-ffff-ffff-ffffffffffff') ORDER BY run DESC) AS r
CROSS JOIN LATERAL (SELECT * FROM millrace.run_end AS e WHERE e.run = r.run AND status = 'success' LIMIT 1) AS e
CROSS JOIN LATERAL millrace.run_start(r.run, r.created_seq) AS s
ORDER BY r.run DESC LIMIT $2

-- name: list_runs_success  row: Run
-- As list_runs, of this status.
SELECT r.run, r.dag, r.namespace, r.version, r.type, e.status,
       millrace.micros(r.logical_date) AS logical_date, millrace.micros(r.interval_start) AS interval_start,
       millrace.micros(r.interval_end) AS interval_end, r.params, r.trigger, r.trace_id, r.actor,
       r.on_behalf_of, r.reason, millrace.micros(r.created_at) AS created_at, s.started_at, millrace.micros(e.finished_at) AS finished_at,
       e.outputs, coalesce(e.error, '') AS error, r.backfill
FROM (SELECT * FROM millrace.run_end
      WHERE run < coalesce($1::uuid, 'ffffffff-ffff-ffff-ffff-ffffffffffff') AND status = 'success'
      ORDER BY run DESC LIMIT $2) AS e
CROSS JOIN LATERAL (SELECT * FROM millrace.run AS r WHERE r.run = e.run LIMIT 1) AS r
CROSS JOIN LATERAL millrace.run_start(r.run, r.created_seq) AS s
ORDER BY r.run DESC

-- name: list_runs_bad  row: Run
-- As list_runs, of status $3, which is not success: found by an index of the bad ones, since they may be rare.
SELECT r.run, r.dag, r.namespace, r.version, r.type, e.status,
       millrace.micros(r.logical_date) AS logical_date, millrace.micros(r.interval_start) AS interval_start,
       millrace.micros(r.interval_end) AS interval_end, r.params, r.trigger, r.trace_id, r.actor,
       r.on_behalf_of, r.reason, millrace.micros(r.created_at) AS created_at, s.started_at, millrace.micros(e.finished_at) AS finished_at,
       e.outputs, coalesce(e.error, '') AS error, r.backfill
FROM (SELECT * FROM millrace.run_end
      WHERE run < coalesce($1::uuid, 'ffffffff-ffff-ffff-ffff-ffffffffffff') AND status = $3 AND status <> 'success'
      ORDER BY run DESC LIMIT $2) AS e
CROSS JOIN LATERAL (SELECT * FROM millrace.run AS r WHERE r.run = e.run LIMIT 1) AS r
CROSS JOIN LATERAL millrace.run_start(r.run, r.created_seq) AS s
ORDER BY r.run DESC

-- name: list_runs_bad_of_dag  row: Run
-- The same, of the DAG $5 in the namespace $4.
SELECT r.run, r.dag, r.namespace, r.version, r.type, e.status,
       millrace.micros(r.logical_date) AS logical_date, millrace.micros(r.interval_start) AS interval_start,
       millrace.micros(r.interval_end) AS interval_end, r.params, r.trigger, r.trace_id, r.actor,
       r.on_behalf_of, r.reason, millrace.micros(r.created_at) AS created_at, s.started_at, millrace.micros(e.finished_at) AS finished_at,
       e.outputs, coalesce(e.error, '') AS error, r.backfill
FROM (SELECT * FROM millrace.run_end
      WHERE run < coalesce($1::uuid, 'ffffffff-ffff-ffff-ffff-ffffffffffff') AND namespace = $4 AND dag = $5
        AND status = $3 AND status <> 'success'
      ORDER BY run DESC LIMIT $2) AS e
CROSS JOIN LATERAL (SELECT * FROM millrace.run AS r WHERE r.run = e.run LIMIT 1) AS r
CROSS JOIN LATERAL millrace.run_start(r.run, r.created_seq) AS s
ORDER BY r.run DESC

-- name: list_runs_bad_of_namespace  row: Run
-- The same, of all DAGs in the namespace $4.
SELECT r.run, r.dag, r.namespace, r.version, r.type, e.status,
       millrace.micros(r.logical_date) AS logical_date, millrace.micros(r.interval_start) AS interval_start,
       millrace.micros(r.interval_end) AS interval_end, r.params, r.trigger, r.trace_id, r.actor,
       r.on_behalf_of, r.reason, millrace.micros(r.created_at) AS created_at, s.started_at, millrace.micros(e.finished_at) AS finished_at,
       e.outputs, coalesce(e.error, '') AS error, r.backfill
FROM (SELECT * FROM millrace.run_end
      WHERE run < coalesce($1::uuid, 'ffffffff-ffff-ffff-ffff-ffffffffffff') AND namespace = $4
        AND status = $3 AND status <> 'success'
      ORDER BY run DESC LIMIT $2) AS e
CROSS JOIN LATERAL (SELECT * FROM millrace.run AS r WHERE r.run = e.run LIMIT 1) AS r
CROSS JOIN LATERAL millrace.run_start(r.run, r.created_seq) AS s
ORDER BY r.run DESC

-- name: list_runs_of_backfill  row: Run
-- As list_runs, of the backfill $3, and in the status $4 unless that is empty.
SELECT r.run, r.dag, r.namespace, r.version, r.type, coalesce(e.status, s.open_status) AS status,
       millrace.micros(r.logical_date) AS logical_date, millrace.micros(r.interval_start) AS interval_start,
       millrace.micros(r.interval_end) AS interval_end, r.params, r.trigger, r.trace_id, r.actor,
       r.on_behalf_of, r.reason, millrace.micros(r.created_at) AS created_at, s.started_at, millrace.micros(e.finished_at) AS finished_at,
       e.outputs, coalesce(e.error, '') AS error, r.backfill
FROM millrace.backfill_date AS d
CROSS JOIN LATERAL (SELECT * FROM millrace.run AS r WHERE r.run = d.run LIMIT 1) AS r
LEFT JOIN LATERAL (SELECT * FROM millrace.run_end AS e WHERE e.run = r.run LIMIT 1) AS e ON true
CROSS JOIN LATERAL millrace.run_start(r.run, r.created_seq) AS s
WHERE d.backfill = $3 AND d.run < coalesce($1::uuid, 'ffffffff-ffff-ffff-ffff-ffffffffffff')
  AND ($4::text = '' OR coalesce(e.status, s.open_status) = $4)
ORDER BY r.run DESC LIMIT $2

-- name: open_runs  row: Run
-- Those that have not finished, oldest first; found from the last mark on.
WITH mark AS MATERIALIZED (
  SELECT seq, runs FROM millrace.open_runs_mark ORDER BY seq DESC LIMIT 1
), candidate AS MATERIALIZED (
  SELECT unnest(runs) AS run FROM mark
  UNION SELECT run FROM millrace.run WHERE created_seq > coalesce((SELECT seq FROM mark), 0)
  UNION SELECT run FROM millrace.run_reopened WHERE seq > coalesce((SELECT seq FROM mark), 0)
)
SELECT r.run, r.dag, r.namespace, r.version, r.type, s.open_status AS status,
       millrace.micros(r.logical_date) AS logical_date, millrace.micros(r.interval_start) AS interval_start,
       millrace.micros(r.interval_end) AS interval_end, r.params, r.trigger, r.trace_id, r.actor,
       r.on_behalf_of, r.reason, millrace.micros(r.created_at) AS created_at, s.started_at, NULL::bigint AS finished_at,
       NULL::json AS outputs, '' AS error, r.backfill
FROM candidate JOIN millrace.run AS r USING (run)
CROSS JOIN LATERAL millrace.run_start(r.run, r.created_seq) AS s
WHERE NOT EXISTS (SELECT 1 FROM millrace.run_end AS e WHERE e.run = r.run)
ORDER BY r.run

-- name: get_run  row: Run
SELECT r.run, r.dag, r.namespace, r.version, r.type, coalesce(e.status, s.open_status) AS status,
       millrace.micros(r.logical_date) AS logical_date, millrace.micros(r.interval_start) AS interval_start,
       millrace.micros(r.interval_end) AS interval_end, r.params, r.trigger, r.trace_id, r.actor,
       r.on_behalf_of, r.reason, millrace.micros(r.created_at) AS created_at, s.started_at,
       millrace.micros(e.finished_at) AS finished_at,
       e.outputs, coalesce(e.error, '') AS error, r.backfill
FROM millrace.run AS r
LEFT JOIN millrace.run_end AS e USING (run)
CROSS JOIN LATERAL millrace.run_start(r.run, r.created_seq) AS s
WHERE r.run = $1

-- name: list_tasks  row: EndedTask
SELECT run, task, map_index, state, attempt, millrace.micros(started_at) AS started_at,
       millrace.micros(ended_at) AS ended_at, error
FROM millrace.task_instance WHERE run = $1 ORDER BY task, map_index

-- name: count_tasks  row: TaskCount
SELECT run, task, state, count(*) AS instances, max(attempt) AS most_attempts
FROM millrace.task_instance WHERE run = ANY ($1::uuid[])
GROUP BY run, task, state ORDER BY run, task COLLATE "C", state COLLATE "C"

-- name: list_dags  row: StoredDag
SELECT d.dag, d.namespace, d.version, v.spec, d.source, d.base_dir, d.paused,
       millrace.micros(d.registered_at) AS registered_at, millrace.micros(d.updated_at) AS updated_at,
       millrace.micros(last.logical_date) AS last_logical_date, d.retired, d.out_of_order,
       millrace.micros(d.schedule_from) AS schedule_from, millrace.micros(d.schedule_all_until) AS schedule_all_until
FROM millrace.dag AS d
JOIN millrace.dag_version AS v USING (namespace, dag, version)
LEFT JOIN LATERAL (SELECT logical_date FROM millrace.scheduled_run AS s
                   WHERE s.namespace = d.namespace AND s.dag = d.dag
                   ORDER BY logical_date DESC LIMIT 1) AS last ON true
ORDER BY d.namespace, d.dag

-- name: has_dag
SELECT count(*) FROM millrace.dag WHERE namespace = $1 AND dag = $2

-- name: get_dag  row: StoredDag
SELECT d.dag, d.namespace, d.version, v.spec, d.source, d.base_dir, d.paused,
       millrace.micros(d.registered_at) AS registered_at, millrace.micros(d.updated_at) AS updated_at,
       millrace.micros(last.logical_date) AS last_logical_date, d.retired, d.out_of_order,
       millrace.micros(d.schedule_from) AS schedule_from, millrace.micros(d.schedule_all_until) AS schedule_all_until
FROM millrace.dag AS d
JOIN millrace.dag_version AS v USING (namespace, dag, version)
LEFT JOIN LATERAL (SELECT logical_date FROM millrace.scheduled_run AS s
                   WHERE s.namespace = d.namespace AND s.dag = d.dag
                   ORDER BY logical_date DESC LIMIT 1) AS last ON true
WHERE d.namespace = $1 AND d.dag = $2

-- name: webhook_of
SELECT coalesce(v.spec -> 'on_webhook', 'null')
FROM millrace.dag AS d
JOIN millrace.dag_version AS v USING (namespace, dag, version)
WHERE d.namespace = $1 AND d.dag = $2

-- name: get_dag_version
SELECT spec FROM millrace.dag_version WHERE namespace = $1 AND dag = $2 AND version = $3

-- name: list_resources  row: Resource
-- DAGs included.
SELECT kind, namespace, name, version, source, retired, millrace.micros(registered_at) AS registered_at,
       millrace.micros(updated_at) AS updated_at
FROM (SELECT 'dag' AS kind, namespace, dag AS name, version, source, retired, registered_at, updated_at FROM millrace.dag
      UNION ALL
      SELECT kind, namespace, name, version, source, retired, registered_at, updated_at FROM millrace.resource) AS r
ORDER BY kind COLLATE "C", namespace COLLATE "C", name COLLATE "C"

-- name: get_resource_version
SELECT spec FROM millrace.resource_version WHERE kind = $1 AND namespace = $2 AND name = $3 AND version = $4

-- name: list_dag_versions  row: ResourceVersion
SELECT version, millrace.micros(registered_at) AS registered_at
FROM millrace.dag_version WHERE namespace = $1 AND dag = $2
ORDER BY registered_at DESC NULLS LAST, version DESC

-- name: list_resource_versions  row: ResourceVersion
SELECT version, millrace.micros(registered_at) AS registered_at
FROM millrace.resource_version WHERE kind = $1 AND namespace = $2 AND name = $3
ORDER BY registered_at DESC NULLS LAST, version DESC

-- name: list_dag_file_errors  row: StoredDagFileError
SELECT source, diagnostics, millrace.micros(at) AS at FROM millrace.dag_file_error ORDER BY source

-- name: scheduled_dates  row: ScheduledDate
-- Of each DAG: the newest date that is not after $1, and all later ones.
SELECT d.namespace, d.dag, millrace.micros(s.logical_date) AS logical_date
FROM millrace.dag AS d
CROSS JOIN LATERAL (SELECT max(logical_date) AS logical_date FROM millrace.scheduled_run
                    WHERE namespace = d.namespace AND dag = d.dag AND logical_date <= millrace.instant($1)) AS last
JOIN millrace.scheduled_run AS s
  ON s.namespace = d.namespace AND s.dag = d.dag AND s.logical_date >= coalesce(last.logical_date, '-infinity')
ORDER BY 1, 2, s.logical_date
