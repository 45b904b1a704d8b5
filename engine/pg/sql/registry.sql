-- Models, evaluations, artifacts, datasets and alerts, for those who read.

-- name: list_models  row: ModelKey
SELECT DISTINCT namespace, model FROM millrace.model_version ORDER BY namespace, model

-- name: list_model_versions  row: ModelVersion
-- Newest first; with $3 not null only those with this artifact; at most $4.
SELECT v.model, v.namespace, v.version, v.artifact, v.algorithm, v.manifest, v.metrics, v.params, v.run, v.task, v.map_index,
       millrace.micros(v.created_at) AS created_at, '' AS not_shipped, n.cause, n.reason
FROM millrace.model_version AS v LEFT JOIN millrace.not_shipped AS n USING (namespace, model, artifact)
WHERE v.namespace = $1 AND v.model = $2 AND ($3::text IS NULL OR v.artifact = $3)
ORDER BY v.version DESC LIMIT $4

-- name: list_deployable  row: Deployable
SELECT namespace, model, artifact, v.artifact IS NOT NULL AS registered, '' AS not_shipped, n.cause, n.reason
FROM (SELECT DISTINCT namespace, model, artifact FROM millrace.model_version) AS v
     FULL JOIN millrace.not_shipped AS n USING (namespace, model, artifact)
ORDER BY namespace, model, artifact

-- name: list_evaluations  row: Evaluation
SELECT model, namespace, champion, challenger, decision, report, run, task, map_index, millrace.micros(at) AS at
FROM millrace.evaluation WHERE namespace = $1 AND model = $2 ORDER BY pos DESC LIMIT $3

-- name: list_artifacts  row: Artifact
SELECT digest, kind, name, bytes, rows, schema, inputs, run, task, map_index,
       millrace.micros(created_at) AS created_at
FROM millrace.artifact WHERE run = $1 ORDER BY pos

-- name: get_artifact  row: Artifact
SELECT digest, kind, name, bytes, rows, schema, inputs, run, task, map_index,
       millrace.micros(created_at) AS created_at
FROM millrace.artifact WHERE digest = $1 ORDER BY pos LIMIT 1

-- name: list_datasets  row: StoredDataset
SELECT dataset, namespace, artifact, rows, run, task, millrace.micros(updated_at) AS updated_at
FROM millrace.dataset ORDER BY namespace, dataset

-- name: get_dataset  row: StoredDataset
SELECT dataset, namespace, artifact, rows, run, task, millrace.micros(updated_at) AS updated_at
FROM millrace.dataset WHERE namespace = $1 AND dataset = $2

-- name: list_alerts  row: Alert
SELECT seq, namespace, severity, title, text, owner, run, task, millrace.micros(at) AS at
FROM millrace.alert ORDER BY pos DESC LIMIT $1

-- name: list_alerts_of  row: Alert
-- Of the namespace $1.
SELECT seq, namespace, severity, title, text, owner, run, task, millrace.micros(at) AS at
FROM millrace.alert WHERE namespace = $1 ORDER BY pos DESC LIMIT $2

-- name: put_watermark
INSERT INTO millrace.dataset_watermark (namespace, dataset, seq, value, run, task, map_index, at)
VALUES ($1, $2, $3, $4::text::json, $5, $6, $7, millrace.instant($8))

-- name: list_watermarks  row: Watermark
SELECT namespace, dataset, seq, value, run, task, map_index, millrace.micros(at) AS at
FROM millrace.dataset_watermark ORDER BY seq DESC, pos DESC LIMIT $1

-- name: list_watermarks_of  row: Watermark
-- Of the dataset $2 in the namespace $1.
SELECT namespace, dataset, seq, value, run, task, map_index, millrace.micros(at) AS at
FROM millrace.dataset_watermark WHERE namespace = $1 AND dataset = $2 ORDER BY seq DESC, pos DESC LIMIT $3

-- name: list_newest_watermarks  row: Watermark
-- Of each dataset. Goes through the index from one name to the next, since each name may have thousands of rows.
WITH RECURSIVE name AS (
  (SELECT namespace, dataset FROM millrace.dataset_watermark ORDER BY namespace, dataset LIMIT 1)
  UNION ALL
  SELECT n.namespace, n.dataset
  FROM name CROSS JOIN LATERAL (
    SELECT w.namespace, w.dataset FROM millrace.dataset_watermark AS w
    WHERE (w.namespace, w.dataset) > (name.namespace, name.dataset) ORDER BY w.namespace, w.dataset LIMIT 1) AS n
)
SELECT w.namespace, w.dataset, w.seq, w.value, w.run, w.task, w.map_index, millrace.micros(w.at) AS at
FROM name CROSS JOIN LATERAL (
  SELECT * FROM millrace.dataset_watermark AS w WHERE w.namespace = name.namespace AND w.dataset = name.dataset
  ORDER BY w.seq DESC, w.pos DESC LIMIT 1) AS w
ORDER BY w.namespace, w.dataset

-- name: artifacts_named
-- All that must be in the store of artifacts.
SELECT digest FROM millrace.artifact UNION SELECT unnest(millrace.named_artifacts())
