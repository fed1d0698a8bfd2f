-- B.DB.LOCK-002, variant. Recorded on PostgreSQL 15.18. A second session (dblink) holds one flight for 2.4 s.
-- Look for: the time of the foreign key's trigger, which is one wait and not 400 slow checks (see the first EXPLAIN).
CREATE EXTENSION IF NOT EXISTS dblink;
DROP TABLE IF EXISTS seats, flights;
CREATE TABLE flights (id int PRIMARY KEY, gate text);
CREATE TABLE seats (id bigint GENERATED ALWAYS AS IDENTITY, flight_id int REFERENCES flights, seat int);
INSERT INTO flights SELECT i, 'G' || i % 40 FROM generate_series(1, 2000) i;
VACUUM ANALYZE flights;
SELECT dblink_connect('desk', format('host=%s port=%s dbname=%s user=%s',
  split_part(current_setting('unix_socket_directories'), ',', 1), current_setting('port'), current_database(), current_user));
EXPLAIN (ANALYZE, COSTS OFF) INSERT INTO seats (flight_id, seat) SELECT 1 + i % 8, i FROM generate_series(1, 400) i;
SELECT dblink_exec('desk', 'BEGIN');
SELECT * FROM dblink('desk', 'SELECT id FROM flights WHERE id = 5 FOR UPDATE') AS t (id int);
SELECT dblink_send_query('desk', 'SELECT pg_sleep(2.4); COMMIT');
EXPLAIN (ANALYZE, COSTS OFF) INSERT INTO seats (flight_id, seat) SELECT 1 + i % 8, i FROM generate_series(1, 400) i;
