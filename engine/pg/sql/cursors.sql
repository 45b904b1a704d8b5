-- How far followers of the journal have come.

-- name: read_cursor
SELECT seq FROM millrace.followers WHERE name = $1

-- name: save_cursor
INSERT INTO millrace.followers (name, seq) VALUES ($1, $2)
ON CONFLICT (name) DO UPDATE SET seq = excluded.seq WHERE followers.seq < excluded.seq
