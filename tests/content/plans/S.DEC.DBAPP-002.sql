-- PostgreSQL 15.18, psql, a database of its own (it makes the tables seats and wallets and uses the contrib module
-- dblink for a second session). Run time about 5 s.
-- The second session stands for the application: it changes the row, does not commit, and spends the time elsewhere
-- (pg_sleep instead of a call to a payment provider).
-- Look for: nearly all of the time stands at the Update (main prompt) or LockRows node (variant), the scan below it is
-- done at once, the buffers are a handful and there is no line of I/O timings: the statement waits, it does no work.
SET client_min_messages = warning;
CREATE EXTENSION IF NOT EXISTS dblink;
DROP TABLE IF EXISTS seats, wallets;
CREATE TABLE seats (id int PRIMARY KEY, taken boolean NOT NULL DEFAULT false, buyer int, note text);
INSERT INTO seats SELECT n, false, NULL, repeat('x', 60) FROM generate_series(1, 200000) n;
CREATE TABLE wallets (id int PRIMARY KEY, cents bigint NOT NULL DEFAULT 0, note text);
INSERT INTO wallets SELECT n, 1000, repeat('x', 60) FROM generate_series(1, 200000) n;
VACUUM ANALYZE seats, wallets;
SET track_io_timing = on;
SELECT dblink_connect('app', format('dbname=%s port=%s host=%s', current_database(), current_setting('port'),
                                    split_part(current_setting('unix_socket_directories'), ',', 1)));
-- variant: SELECT ... FOR UPDATE, the other session holds the row for 1.8 s
SELECT dblink_send_query('app', 'BEGIN; UPDATE wallets SET cents = 900 WHERE id = 815; SELECT pg_sleep(1.8); COMMIT');
SELECT pg_sleep(.1);
EXPLAIN (ANALYZE, BUFFERS, COSTS OFF) SELECT cents FROM wallets WHERE id = 815 FOR UPDATE;
SELECT pg_sleep(.2);
SELECT dblink_disconnect('app');
SELECT dblink_connect('app', format('dbname=%s port=%s host=%s', current_database(), current_setting('port'),
                                    split_part(current_setting('unix_socket_directories'), ',', 1)));
-- main prompt: an UPDATE, the other session holds the row for 2.4 s
SELECT dblink_send_query('app', 'BEGIN; UPDATE seats SET taken = true WHERE id = 4711; SELECT pg_sleep(2.4); COMMIT');
SELECT pg_sleep(.1);
EXPLAIN (ANALYZE, BUFFERS, COSTS OFF) UPDATE seats SET buyer = 7 WHERE id = 4711;
