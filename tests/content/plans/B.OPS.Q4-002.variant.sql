-- PostgreSQL 15.18. Run in an empty database, over a Unix socket. A second session (dblink, of contrib) keeps an old
-- snapshot open while messages are marked as sent. Autovacuum is off for the table.
-- Look for: VACUUM says "108000 are dead but not yet removable"; the plan returns ten rows for 4,798 buffers.
-- After SELECT dblink_exec('old', 'COMMIT'); VACUUM outbox; the same EXPLAIN shows 2 buffers and 0.02 ms.
SET client_min_messages = warning;
CREATE EXTENSION dblink;
SELECT dblink_connect('old', format('host=%s port=%s dbname=%s user=%s',
    split_part(current_setting('unix_socket_directories'), ',', 1), current_setting('port'), current_database(),
    current_user));
SELECT dblink_exec('old', 'BEGIN ISOLATION LEVEL REPEATABLE READ');
SELECT * FROM dblink('old', 'SELECT count(*) FROM pg_class') AS t(n bigint);
CREATE TABLE outbox (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, body text NOT NULL, sent_at timestamptz)
    WITH (autovacuum_enabled = off);
CREATE INDEX outbox_unsent ON outbox (id) WHERE sent_at IS NULL;
INSERT INTO outbox (body) SELECT repeat('x', 300) FROM generate_series(1, 108100);
UPDATE outbox SET sent_at = now() WHERE id <= 108000;
VACUUM (VERBOSE, ANALYZE) outbox;
EXPLAIN (ANALYZE, BUFFERS) SELECT id, body FROM outbox WHERE sent_at IS NULL ORDER BY id LIMIT 10;
