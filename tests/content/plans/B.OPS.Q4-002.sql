-- PostgreSQL 15.18. Run in an empty database, over a Unix socket. A second session (dblink, of contrib) keeps an old
-- snapshot open while jobs are deleted. Autovacuum is off for the table, so that only the VACUUM below runs.
-- Look for: VACUUM says "239950 are dead but not yet removable"; the plan returns one row for 7,931 buffers.
-- After SELECT dblink_exec('old', 'COMMIT'); VACUUM jobs; the same EXPLAIN shows 6 buffers and 0.04 ms.
SET client_min_messages = warning;
CREATE EXTENSION dblink;
SELECT dblink_connect('old', format('host=%s port=%s dbname=%s user=%s',
    split_part(current_setting('unix_socket_directories'), ',', 1), current_setting('port'), current_database(),
    current_user));
SELECT dblink_exec('old', 'BEGIN ISOLATION LEVEL REPEATABLE READ');
SELECT * FROM dblink('old', 'SELECT count(*) FROM pg_class') AS t(n bigint);
CREATE TABLE jobs (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, body text NOT NULL)
    WITH (autovacuum_enabled = off);
INSERT INTO jobs (body) SELECT repeat('x', 200) FROM generate_series(1, 240000);
DELETE FROM jobs WHERE id <= 239950;
VACUUM (VERBOSE, ANALYZE) jobs;
EXPLAIN (ANALYZE, BUFFERS) SELECT id, body FROM jobs ORDER BY id FOR UPDATE SKIP LOCKED LIMIT 1;
