-- What effects and DAG events change, in the transaction of the append that brings them.

-- name: put_dag
INSERT INTO millrace.dag (dag, namespace, version, source, base_dir, registered_at, updated_at)
VALUES ($1, $2, $3, $4, $5, millrace.instant($6), millrace.instant($6))
ON CONFLICT (dag) DO UPDATE
SET namespace = excluded.namespace, version = excluded.version, source = excluded.source,
    base_dir = excluded.base_dir, updated_at = excluded.updated_at, retired = NULL, out_of_order = NULL

-- name: put_dag_version
INSERT INTO millrace.dag_version (dag, version, spec) VALUES ($1, $2, $3::text::json)
ON CONFLICT (dag, version) DO NOTHING

-- name: pause_dag
UPDATE millrace.dag SET paused = $2, updated_at = millrace.instant($3) WHERE dag = $1

-- name: retire_dag
UPDATE millrace.dag SET retired = $2, updated_at = millrace.instant($3) WHERE dag = $1

-- name: put_resource
INSERT INTO millrace.resource (kind, namespace, name, version, source, registered_at, updated_at)
VALUES ($1, $2, $3, $4, $5, millrace.instant($6), millrace.instant($6))
ON CONFLICT (kind, namespace, name) DO UPDATE
SET version = excluded.version, source = excluded.source, updated_at = excluded.updated_at, retired = NULL

-- name: put_resource_version
INSERT INTO millrace.resource_version (kind, namespace, name, version, spec) VALUES ($1, $2, $3, $4, $5::text::json)
ON CONFLICT (kind, namespace, name, version) DO NOTHING

-- name: retire_resource
UPDATE millrace.resource SET retired = $4, updated_at = millrace.instant($5)
WHERE kind = $1 AND namespace = $2 AND name = $3

-- name: mark_dag_out_of_order
UPDATE millrace.dag SET out_of_order = nullif($2, '') WHERE dag = $1

-- name: move_schedule
UPDATE millrace.dag
SET schedule_from = coalesce(millrace.instant($2), schedule_from), schedule_all_until = millrace.instant($3)
WHERE dag = $1

-- name: put_dag_file_error
INSERT INTO millrace.dag_file_error (source, diagnostics, at) VALUES ($1, $2::text::json, millrace.instant($3))
ON CONFLICT (source) DO UPDATE SET diagnostics = excluded.diagnostics, at = excluded.at

-- name: clear_dag_file_error
DELETE FROM millrace.dag_file_error WHERE source = $1

-- name: put_artifacts
INSERT INTO millrace.artifact (digest, kind, name, bytes, rows, schema, inputs, run, task, map_index, created_at)
SELECT u.digest, u.kind, u.name, u.bytes, u.rows, u.schema::json, u.inputs::text[], u.run, u.task, u.map_index,
       millrace.instant(u.created_at)
FROM unnest($1::text[], $2::text[], $3::text[], $4::bigint[], $5::bigint[], $6::text[], $7::text[], $8::uuid[],
            $9::text[], $10::int[], $11::bigint[]) WITH ORDINALITY
  AS u (digest, kind, name, bytes, rows, schema, inputs, run, task, map_index, created_at, place)
ORDER BY u.place
ON CONFLICT (run, task, map_index, name, digest) DO NOTHING

-- name: put_model_version
-- The next number of the model. Only the leader writes, and it holds the fence: nobody takes the same number.
INSERT INTO millrace.model_version (model, version, artifact, algorithm, manifest, metrics, params, run, task,
                                    map_index, created_at)
SELECT $1::text, coalesce((SELECT max(version) FROM millrace.model_version WHERE model = $1::text), 0) + 1, $2::text,
       $3::text, $4::text, $5::text::json, $6::text::json, $7::uuid, $8::text, $9::int, millrace.instant($10)
ON CONFLICT (model, run, task, map_index, artifact) DO NOTHING

-- name: put_evaluation
INSERT INTO millrace.evaluation (model, champion, challenger, decision, report, run, task, map_index, at)
VALUES ($1, $2, $3, $4, $5::text::json, $6, $7, $8, millrace.instant($9))

-- name: put_dataset
INSERT INTO millrace.dataset (dataset, artifact, rows, run, updated_at)
VALUES ($1, $2, $3, $4, millrace.instant($5))
ON CONFLICT (dataset) DO UPDATE
SET artifact = excluded.artifact, rows = excluded.rows, run = excluded.run, updated_at = excluded.updated_at

-- name: put_alert
INSERT INTO millrace.alert (seq, severity, title, text, owner, run, task, at)
VALUES ($1, $2, $3, $4, $5, $6, $7, millrace.instant($8))

-- name: lock_deployment  row: Deployment
SELECT model, namespace, champion, candidate, weight, last_good, revision,
       millrace.micros(updated_at) AS updated_at, champion_version, candidate_version, last_good_version,
       owner_run, owner_task, owner_map_index
FROM millrace.deployment_state WHERE model = $1 FOR UPDATE

-- name: version_to_deploy
-- $1 model, $2 artifact, $3 the run that deploys it.
SELECT millrace.version_at($1, $2, $3, NULL)

-- name: put_deployment
INSERT INTO millrace.deployment (model, namespace, champion, candidate, weight, last_good, revision, updated_at,
                                 champion_version, candidate_version, last_good_version,
                                 owner_run, owner_task, owner_map_index, described)
VALUES ($1, $2, $3, $4, $5, $6, $7, millrace.instant($8), $9, $10, $11, $12, $13, $14, $7)
ON CONFLICT (model) DO UPDATE
SET champion = excluded.champion, candidate = excluded.candidate, weight = excluded.weight,
    last_good = excluded.last_good, revision = excluded.revision, updated_at = excluded.updated_at,
    champion_version = excluded.champion_version, candidate_version = excluded.candidate_version,
    last_good_version = excluded.last_good_version, owner_run = excluded.owner_run,
    owner_task = excluded.owner_task, owner_map_index = excluded.owner_map_index, described = excluded.described

-- name: put_deployment_event
INSERT INTO millrace.deployment_event (model, revision, action, artifact, version, weight, reason, evidence, run, actor,
                                       at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8::text::json, $9, $10, millrace.instant($11))

-- name: put_not_shipped
INSERT INTO millrace.not_shipped (model, artifact, cause, reason, run, actor, at)
VALUES ($1, $2, $3, $4, $5, $6, millrace.instant($7))
ON CONFLICT (model, artifact) DO UPDATE
SET cause = excluded.cause, reason = excluded.reason, run = excluded.run, actor = excluded.actor, at = excluded.at

-- name: remove_not_shipped
DELETE FROM millrace.not_shipped WHERE model = $1 AND artifact = $2
