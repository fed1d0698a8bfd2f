-- B.DB.LOCK-002, main form. Recorded on PostgreSQL 15.18. A second session (dblink) holds the account for 3.9 s.
-- Look for: the time of the foreign key's trigger against the time of the Insert node. Before it, the same INSERT while
-- the other session holds FOR NO KEY UPDATE, or has updated the balance: no wait.
CREATE EXTENSION IF NOT EXISTS dblink;
DROP TABLE IF EXISTS entries, accounts;
CREATE TABLE accounts (id int PRIMARY KEY, balance int);
CREATE TABLE entries (id bigint GENERATED ALWAYS AS IDENTITY, account_id int REFERENCES accounts, amount int);
INSERT INTO accounts SELECT i, 100 FROM generate_series(1, 50000) i;
VACUUM ANALYZE accounts;
SELECT dblink_connect('job', format('host=%s port=%s dbname=%s user=%s',
  split_part(current_setting('unix_socket_directories'), ',', 1), current_setting('port'), current_database(), current_user));
SELECT dblink_exec('job', 'BEGIN');
SELECT * FROM dblink('job', 'SELECT id FROM accounts WHERE id = 7 FOR NO KEY UPDATE') AS t (id int);
SELECT dblink_exec('job', 'UPDATE accounts SET balance = 90 WHERE id = 7');
EXPLAIN (ANALYZE, COSTS OFF) INSERT INTO entries (account_id, amount) VALUES (7, 25);
SELECT dblink_exec('job', 'COMMIT');
SELECT dblink_exec('job', 'BEGIN');
SELECT * FROM dblink('job', 'SELECT id FROM accounts WHERE id = 7 FOR UPDATE') AS t (id int);
SELECT dblink_send_query('job', 'SELECT pg_sleep(3.9); COMMIT');
EXPLAIN (ANALYZE, COSTS OFF) INSERT INTO entries (account_id, amount) VALUES (7, 25);
