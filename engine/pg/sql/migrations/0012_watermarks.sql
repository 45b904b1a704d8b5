-- works with: 10
-- Each watermark that a data set ever had; the last one of an event counts.
CREATE TABLE millrace.dataset_watermark (
  namespace text COLLATE "C",
  dataset text COLLATE "C",
  seq bigint,             -- of the event that set it
  pos bigint GENERATED ALWAYS AS IDENTITY,
  value json NOT NULL,
  run uuid NOT NULL,
  task text NOT NULL,
  map_index int NOT NULL,
  at timestamptz NOT NULL,
  PRIMARY KEY (namespace, dataset, seq, pos)
);
