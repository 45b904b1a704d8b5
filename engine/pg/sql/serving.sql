-- What the model server reads and writes.

-- name: list_deployments  row: Deployment
-- All that serve something, or the one of model $1.
SELECT model, namespace, champion, candidate, weight, last_good, revision,
       millrace.micros(updated_at) AS updated_at, champion_version, candidate_version, last_good_version,
       owner_run, owner_task, owner_map_index
FROM millrace.deployment_state
WHERE ($1::text IS NULL OR model = $1) AND (champion <> '' OR candidate <> '')
ORDER BY model

-- name: list_deployment_events  row: DeploymentEvent
SELECT model, revision, action, artifact, coalesce(version, millrace.version_at(model, artifact, run, at), 0) AS version,
       weight, reason, evidence, run, actor, millrace.micros(at) AS at
FROM millrace.deployment_event WHERE model = $1 ORDER BY revision DESC LIMIT $2

-- name: put_predictions
-- All or nothing, once for each batch $1. $2-$10 predictions, $11-$23 windows.
WITH fresh AS (
  INSERT INTO millrace.prediction_batch (batch) VALUES ($1) ON CONFLICT DO NOTHING RETURNING batch
), p AS (
  INSERT INTO millrace.prediction (batch, id, model, artifact, entity, features, output, latency_us, trace_id, at)
  SELECT fresh.batch, u.id, u.model, u.artifact, u.entity, u.features::json, u.output::json, u.latency_us,
         u.trace_id, millrace.instant(u.at)
  FROM fresh, unnest($2::text[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[], $8::bigint[],
                     $9::text[], $10::bigint[]) WITH ORDINALITY
    AS u (id, model, artifact, entity, features, output, latency_us, trace_id, at, place)
  ORDER BY u.place
)
INSERT INTO millrace.serving_window (model, artifact, role, start, requests, errors, latency_buckets,
                                     latency_sum_us, outcomes, business_sum, business_sum_squares, tripped, revision)
SELECT u.model, u.artifact, u.role, millrace.instant(u.start), u.requests, u.errors, u.latency_buckets::bigint[],
       u.latency_sum_us, u.outcomes, u.business_sum, u.business_sum_squares, u.tripped, u.revision
FROM fresh, unnest($11::text[], $12::text[], $13::text[], $14::bigint[], $15::bigint[], $16::bigint[], $17::text[],
                   $18::float8[], $19::bigint[], $20::float8[], $21::float8[], $22::boolean[], $23::bigint[])
  AS u (model, artifact, role, start, requests, errors, latency_buckets, latency_sum_us, outcomes, business_sum,
        business_sum_squares, tripped, revision)

-- name: list_windows  row: ServingWindow
SELECT model, artifact, role, millrace.micros(start) AS start_us, requests, errors, latency_buckets, latency_sum_us, outcomes,
       business_sum, business_sum_squares, tripped, revision
FROM millrace.serving_window WHERE model = $1 AND start >= millrace.instant($2)

-- name: list_windows_of_revisions  row: ServingWindow
-- Of model $1, from revision $3 of its deployment on, and from time $2 on.
SELECT model, artifact, role, millrace.micros(start) AS start_us, requests, errors, latency_buckets, latency_sum_us, outcomes,
       business_sum, business_sum_squares, tripped, revision
FROM millrace.serving_window WHERE model = $1 AND revision >= $3 AND start >= millrace.instant($2)

-- name: list_predictions  row: Prediction
SELECT id, model, artifact, entity, features, output, latency_us, trace_id, millrace.micros(at) AS at_us
FROM millrace.prediction WHERE model = $1 ORDER BY pos DESC LIMIT $2
