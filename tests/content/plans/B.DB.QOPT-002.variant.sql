-- B.DB.QOPT-002, variant. Recorded on PostgreSQL 15.18.
-- Look for: the filter says tier = $1 (a generic plan) after five executions, rows=150000 expected and 12 found.
SET max_parallel_workers_per_gather = 0;
DROP TABLE IF EXISTS parcels;
CREATE TABLE parcels (id int PRIMARY KEY, tier text, note text);
INSERT INTO parcels SELECT i, CASE WHEN i % 50000 = 0 THEN 'express' WHEN i % 20000 = 1 THEN 'bulky'
  WHEN i % 2 = 0 THEN 'standard' ELSE 'saver' END, 'note no. ' || i FROM generate_series(1, 600000) i;
CREATE INDEX parcels_tier ON parcels (tier);
ALTER TABLE parcels ALTER tier SET STATISTICS 1000;
VACUUM ANALYZE parcels;
EXPLAIN (ANALYZE) SELECT id FROM parcels WHERE tier = 'express' ORDER BY id LIMIT 20;
PREPARE p (text) AS SELECT id FROM parcels WHERE tier = $1 ORDER BY id LIMIT 20;
EXPLAIN (ANALYZE) EXECUTE p ('express');
EXPLAIN (ANALYZE) EXECUTE p ('express');
EXPLAIN (ANALYZE) EXECUTE p ('express');
EXPLAIN (ANALYZE) EXECUTE p ('express');
EXPLAIN (ANALYZE) EXECUTE p ('express');
SET plan_cache_mode = force_custom_plan;
EXPLAIN (ANALYZE) EXECUTE p ('express');
RESET plan_cache_mode;
EXPLAIN (ANALYZE) EXECUTE p ('express');
