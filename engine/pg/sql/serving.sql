-- What the model server reads and writes.

-- name: list_deployments  row: Deployment
-- All that serve something, or the one of model $2 in the namespace $1.
SELECT model, namespace, champion, candidate, weight, last_good, revision,
       millrace.micros(updated_at) AS updated_at, champion_version, candidate_version, last_good_version,
       owner_run, owner_task, owner_map_index
FROM millrace.deployment_state
WHERE ($1::text IS NULL OR (namespace = $1 AND model = $2)) AND (champion <> '' OR candidate <> '')
ORDER BY namespace, model

-- name: list_deployment_events  row: DeploymentEvent
SELECT model, namespace, revision, action, artifact,
       coalesce(version, millrace.version_at(namespace, model, artifact, run, at), 0) AS version, weight, reason, evidence,
       run, actor, on_behalf_of, millrace.micros(at) AS at
FROM millrace.deployment_event WHERE namespace = $1 AND model = $2 ORDER BY revision DESC LIMIT $3

-- name: put_predictions
-- All or nothing, once for each batch $1. $2-$11 predictions, $12-$25 windows.
WITH fresh AS (
  INSERT INTO millrace.prediction_batch (batch) VALUES ($1) ON CONFLICT DO NOTHING RETURNING batch
), p AS (
  INSERT INTO millrace.prediction (batch, id, namespace, model, artifact, entity, features, output, latency_us, trace_id, at)
  SELECT fresh.batch, u.id, u.namespace, u.model, u.artifact, u.entity, u.features::json, u.output::json, u.latency_us,
         u.trace_id, millrace.instant(u.at)
  FROM fresh, unnest($2::text[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[], $8::text[], $9::bigint[],
                     $10::text[], $11::bigint[]) WITH ORDINALITY
    AS u (id, namespace, model, artifact, entity, features, output, latency_us, trace_id, at, place)
  ORDER BY u.place
)
INSERT INTO millrace.serving_window (namespace, model, artifact, role, start, requests, errors, latency_buckets,
                                     latency_sum_us, outcomes, business_sum, business_sum_squares, tripped, revision)
SELECT u.namespace, u.model, u.artifact, u.role, millrace.instant(u.start), u.requests, u.errors,
       u.latency_buckets::bigint[], u.latency_sum_us, u.outcomes, u.business_sum, u.business_sum_squares, u.tripped,
       u.revision
FROM fresh, unnest($12::text[], $13::text[], $14::text[], $15::text[], $16::bigint[], $17::bigint[], $18::bigint[],
                   $19::text[], $20::float8[], $21::bigint[], $22::float8[], $23::float8[], $24::boolean[], $25::bigint[])
  AS u (namespace, model, artifact, role, start, requests, errors, latency_buckets, latency_sum_us, outcomes,
        business_sum, business_sum_squares, tripped, revision)

-- name: list_windows  row: ServingWindow
SELECT model, namespace, artifact, role, millrace.micros(start) AS start_us, requests, errors, latency_buckets, latency_sum_us, outcomes,
       business_sum, business_sum_squares, tripped, revision
FROM millrace.serving_window WHERE namespace = $1 AND model = $2 AND start >= millrace.instant($3)

-- name: list_windows_of_revisions  row: ServingWindow
-- Of model $2 in the namespace $1, from revision $4 of its deployment on, and from time $3 on.
SELECT model, namespace, artifact, role, millrace.micros(start) AS start_us, requests, errors, latency_buckets, latency_sum_us, outcomes,
       business_sum, business_sum_squares, tripped, revision
FROM millrace.serving_window
WHERE namespace = $1 AND model = $2 AND revision >= $4 AND start >= millrace.instant($3)

-- name: list_predictions  row: Prediction
SELECT id, model, namespace, artifact, entity, features, output, latency_us, trace_id, millrace.micros(at) AS at_us
FROM millrace.prediction WHERE namespace = $1 AND model = $2 ORDER BY pos DESC LIMIT $3
