-- Output of attempts.

-- name: put_log
-- A piece that is there already stays, unless the new one is longer.
INSERT INTO millrace.log_chunk (run, task, map_index, attempt, first_byte, text, at)
SELECT DISTINCT ON (u.run, u.task, u.map_index, u.attempt, u.first_byte)
       u.run, u.task, u.map_index, u.attempt, u.first_byte, u.text, millrace.instant(u.at)
FROM unnest($1::uuid[], $2::text[], $3::int[], $4::int[], $5::bigint[], $6::bytea[], $7::bigint[])
  AS u (run, task, map_index, attempt, first_byte, text, at)
ORDER BY u.run, u.task, u.map_index, u.attempt, u.first_byte, length(u.text) DESC
ON CONFLICT (run, task, map_index, attempt, first_byte) DO UPDATE
SET text = excluded.text, at = excluded.at WHERE length(excluded.text) > length(log_chunk.text)

-- name: read_log
-- Pieces from the last one that begins at or before byte $5, at most $6.
SELECT first_byte, text FROM millrace.log_chunk
WHERE run = $1 AND task = $2 AND map_index = $3 AND attempt = $4
  AND first_byte >= coalesce((SELECT max(first_byte) FROM millrace.log_chunk
                              WHERE run = $1 AND task = $2 AND map_index = $3 AND attempt = $4
                                AND first_byte <= $5::bigint), 0)
ORDER BY first_byte LIMIT $6

-- name: log_length
SELECT first_byte + length(text) FROM millrace.log_chunk
WHERE run = $1 AND task = $2 AND map_index = $3 AND attempt = $4
ORDER BY first_byte DESC LIMIT 1
