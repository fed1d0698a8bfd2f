-- B.DB.INDEX-001, variant. Recorded on PostgreSQL 15.18.
-- Look for: Heap Fetches (0 before the update, 5000 after it) although no row of depot 17 was changed.
SET max_parallel_workers_per_gather = 0;
SET enable_seqscan = off;
SET enable_bitmapscan = off;
DROP TABLE IF EXISTS stock;
CREATE TABLE stock (id int, depot int, units int, seen_at timestamptz) WITH (autovacuum_enabled = off);
INSERT INTO stock SELECT i, i % 300, i % 50, '2025-01-01' FROM generate_series(1, 1500000) i;
CREATE INDEX stock_depot_units ON stock (depot) INCLUDE (units);
VACUUM ANALYZE stock;
EXPLAIN (ANALYZE, BUFFERS, COSTS OFF) SELECT sum(units) FROM stock WHERE depot = 17;
EXPLAIN (ANALYZE, BUFFERS, COSTS OFF) SELECT sum(units) FROM stock WHERE depot = 17;
UPDATE stock SET seen_at = '2025-02-01' WHERE id % 10 = 0;
EXPLAIN (ANALYZE, BUFFERS, COSTS OFF) SELECT sum(units) FROM stock WHERE depot = 17;
