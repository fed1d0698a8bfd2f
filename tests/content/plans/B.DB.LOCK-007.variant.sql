-- B.DB.LOCK-007, variant. Recorded on PostgreSQL 15.18. A first sender (dblink) has taken twenty mails and holds them.
-- Look for: the rows that the join delivers against those that LockRows lets through. Last but one: the same with FOR UPDATE OF m.
CREATE EXTENSION IF NOT EXISTS dblink;
DROP TABLE IF EXISTS mails, accounts;
CREATE TABLE accounts (id int PRIMARY KEY, active boolean);
CREATE TABLE mails (id int PRIMARY KEY, account_id int REFERENCES accounts, sent boolean);
INSERT INTO accounts SELECT i, i % 10 <> 0 FROM generate_series(1, 500) i;
INSERT INTO mails SELECT i, CASE WHEN i % 250 = 249 THEN 31 ELSE 33 END, false FROM generate_series(1, 2000) i;
INSERT INTO mails SELECT i, i % 500 + 1, true FROM generate_series(2001, 50000) i;
CREATE INDEX mails_open ON mails (id) WHERE NOT sent;
VACUUM ANALYZE accounts; VACUUM ANALYZE mails;
SET max_parallel_workers_per_gather = 0;
SELECT dblink_connect('first', format('host=%s port=%s dbname=%s user=%s',
  split_part(current_setting('unix_socket_directories'), ',', 1), current_setting('port'), current_database(), current_user));
SELECT dblink_exec('first', 'BEGIN');
SELECT count(*) FROM dblink('first', $$SELECT m.id FROM mails m JOIN accounts a ON a.id = m.account_id
  WHERE NOT m.sent AND a.active ORDER BY m.id LIMIT 20 FOR UPDATE SKIP LOCKED$$) AS t (id int);
EXPLAIN (ANALYZE, COSTS OFF) SELECT m.id FROM mails m JOIN accounts a ON a.id = m.account_id
  WHERE NOT m.sent AND a.active ORDER BY m.id LIMIT 20 FOR UPDATE OF m SKIP LOCKED;
EXPLAIN (ANALYZE, COSTS OFF) SELECT m.id FROM mails m JOIN accounts a ON a.id = m.account_id
  WHERE NOT m.sent AND a.active ORDER BY m.id LIMIT 20 FOR UPDATE SKIP LOCKED;
