-- Word to other processes.

-- name: notify
-- $1 channel, $2 who speaks.
SELECT pg_notify($1, $2)

-- name: notify_need_not_last
-- A lost word is made up for by the next one and by a slow look around: it need not wait for the disk.
SELECT set_config('synchronous_commit', 'off', false)
