-- B.DB.LOCK-007, main form. Recorded on PostgreSQL 15.18. A first worker (dblink) has taken ten orders and holds them.
-- Look for: the rows that the join delivers against those that LockRows lets through. Last but one: the same with FOR UPDATE OF o.
-- Seen in further sessions: while the second one holds its three, a third with FOR UPDATE OF o gets no row; with FOR UPDATE OF o
-- SKIP LOCKED FOR KEY SHARE OF s both get ten, an UPDATE of the shop passes, its DELETE waits.
CREATE EXTENSION IF NOT EXISTS dblink;
DROP TABLE IF EXISTS orders, shops;
CREATE TABLE shops (id int PRIMARY KEY, country text);
CREATE TABLE orders (id int PRIMARY KEY, shop_id int REFERENCES shops, state text);
INSERT INTO shops SELECT i, CASE WHEN i <= 20 THEN 'PT' ELSE 'ES' END FROM generate_series(1, 400) i;
INSERT INTO orders SELECT i, CASE WHEN i % 1000 = 999 THEN 8 ELSE 7 END, 'new' FROM generate_series(1, 3000) i;
INSERT INTO orders SELECT i, i % 400 + 1, 'done' FROM generate_series(3001, 60000) i;
CREATE INDEX orders_new ON orders (id) WHERE state = 'new';
VACUUM ANALYZE shops; VACUUM ANALYZE orders;
SET max_parallel_workers_per_gather = 0;
SELECT dblink_connect('first', format('host=%s port=%s dbname=%s user=%s',
  split_part(current_setting('unix_socket_directories'), ',', 1), current_setting('port'), current_database(), current_user));
SELECT dblink_exec('first', 'BEGIN');
SELECT count(*) FROM dblink('first', $$SELECT o.id FROM orders o JOIN shops s ON s.id = o.shop_id
  WHERE o.state = 'new' AND s.country = 'PT' ORDER BY o.id LIMIT 10 FOR UPDATE SKIP LOCKED$$) AS t (id int);
EXPLAIN (ANALYZE, COSTS OFF) SELECT o.id FROM orders o JOIN shops s ON s.id = o.shop_id
  WHERE o.state = 'new' AND s.country = 'PT' ORDER BY o.id LIMIT 10 FOR UPDATE OF o SKIP LOCKED;
EXPLAIN (ANALYZE, COSTS OFF) SELECT o.id FROM orders o JOIN shops s ON s.id = o.shop_id
  WHERE o.state = 'new' AND s.country = 'PT' ORDER BY o.id LIMIT 10 FOR UPDATE SKIP LOCKED;
