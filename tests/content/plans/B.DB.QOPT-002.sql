-- B.DB.QOPT-002, main form. Recorded on PostgreSQL 15.18.
-- Look for: the sixth execution has the filter state = $1 (a generic plan), rows=333333 expected and 40 found; the five
-- before it, the literal and force_custom_plan use the index on state.
SET max_parallel_workers_per_gather = 0;
DROP TABLE IF EXISTS jobs;
CREATE TABLE jobs (id int PRIMARY KEY, state text, note text);
INSERT INTO jobs SELECT i, CASE WHEN i % 25000 = 0 THEN 'failed' WHEN i % 2 = 0 THEN 'done' ELSE 'skipped' END,
  'note no. ' || i FROM generate_series(1, 1000000) i;
CREATE INDEX jobs_state ON jobs (state);
ALTER TABLE jobs ALTER state SET STATISTICS 1000;
VACUUM ANALYZE jobs;
EXPLAIN (ANALYZE) SELECT id FROM jobs WHERE state = 'failed' ORDER BY id LIMIT 50;
PREPARE q (text) AS SELECT id FROM jobs WHERE state = $1 ORDER BY id LIMIT 50;
EXPLAIN (ANALYZE) EXECUTE q ('failed');
EXPLAIN (ANALYZE) EXECUTE q ('failed');
EXPLAIN (ANALYZE) EXECUTE q ('failed');
EXPLAIN (ANALYZE) EXECUTE q ('failed');
EXPLAIN (ANALYZE) EXECUTE q ('failed');
SET plan_cache_mode = force_custom_plan;
EXPLAIN (ANALYZE) EXECUTE q ('failed');
RESET plan_cache_mode;
EXPLAIN (ANALYZE) EXECUTE q ('failed');
