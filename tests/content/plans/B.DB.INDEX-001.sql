-- B.DB.INDEX-001, main form. Recorded on PostgreSQL 15.18.
-- Look for: Heap Fetches (0 before the update, 11429 after it) and the buffers of the index-only scan.
-- autovacuum is off for the table only so that the state after the job stands still.
SET max_parallel_workers_per_gather = 0;
SET enable_seqscan = off;
SET enable_bitmapscan = off;
DROP TABLE IF EXISTS calls;
CREATE TABLE calls (id int, tenant int, secs int, note text) WITH (autovacuum_enabled = off);
INSERT INTO calls SELECT i, i % 200, i % 600, 'call no. ' || i FROM generate_series(1, 2000000) i;
CREATE INDEX calls_idx ON calls (tenant) INCLUDE (secs);
VACUUM ANALYZE calls;
EXPLAIN (ANALYZE, BUFFERS, COSTS OFF) SELECT sum(secs) FROM calls WHERE tenant = 42;
EXPLAIN (ANALYZE, BUFFERS, COSTS OFF) SELECT sum(secs) FROM calls WHERE tenant = 42;
UPDATE calls SET note = 'seen' WHERE id % 7 = 0;
EXPLAIN (ANALYZE, BUFFERS, COSTS OFF) SELECT sum(secs) FROM calls WHERE tenant = 42;
