-- B.DB.PART-001, variant. Recorded on PostgreSQL 15.18.
-- Look for: 30 scans, 29 of them with rows=0; the half-open range scans one partition. CREATE INDEX is refused.
SET max_parallel_workers_per_gather = 0;
SET timezone = 'UTC';
DROP TABLE IF EXISTS pings;
CREATE TABLE pings (id int, seen_at timestamptz NOT NULL, ms int) PARTITION BY RANGE (seen_at);
DO $$ BEGIN FOR d IN 0..29 LOOP
  EXECUTE format('CREATE TABLE pings_%s PARTITION OF pings FOR VALUES FROM (%L) TO (%L)',
    to_char('2025-05-01'::timestamptz + d * interval '1 day', 'MM_DD'),
    '2025-05-01'::timestamptz + d * interval '1 day', '2025-05-01'::timestamptz + (d + 1) * interval '1 day');
END LOOP; END $$;
INSERT INTO pings SELECT i, '2025-05-01'::timestamptz + i * interval '2.59 seconds', i % 300 FROM generate_series(0, 999999) i;
ANALYZE pings;
DO $$ BEGIN
  EXECUTE $q$CREATE INDEX ON pings ((seen_at::date))$q$;
EXCEPTION WHEN OTHERS THEN RAISE NOTICE 'CREATE INDEX: %', SQLERRM; END $$;
EXPLAIN (ANALYZE, COSTS OFF) SELECT avg(ms) FROM pings WHERE seen_at >= '2025-05-07' AND seen_at < '2025-05-08';
EXPLAIN (ANALYZE, COSTS OFF) SELECT avg(ms) FROM pings WHERE seen_at::date = '2025-05-07';
