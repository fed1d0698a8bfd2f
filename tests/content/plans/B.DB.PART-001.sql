-- B.DB.PART-001, main form. Recorded on PostgreSQL 15.18.
-- Look for: 24 scans, 23 of them with rows=0; the half-open range scans one partition. CREATE INDEX is refused.
SET max_parallel_workers_per_gather = 0;
SET timezone = 'UTC';
DROP TABLE IF EXISTS invoices;
CREATE TABLE invoices (id int, created_at timestamptz NOT NULL, total numeric) PARTITION BY RANGE (created_at);
DO $$ BEGIN FOR m IN 0..23 LOOP
  EXECUTE format('CREATE TABLE invoices_%s PARTITION OF invoices FOR VALUES FROM (%L) TO (%L)',
    to_char('2024-01-01'::timestamptz + m * interval '1 month', 'YYYY_MM'),
    '2024-01-01'::timestamptz + m * interval '1 month', '2024-01-01'::timestamptz + (m + 1) * interval '1 month');
END LOOP; END $$;
INSERT INTO invoices SELECT i, '2024-01-01'::timestamptz + i * interval '63 seconds', i % 900 FROM generate_series(0, 999999) i;
ANALYZE invoices;
DO $$ BEGIN
  EXECUTE $q$CREATE INDEX ON invoices (date_trunc('month', created_at))$q$;
EXCEPTION WHEN OTHERS THEN RAISE NOTICE 'CREATE INDEX: %', SQLERRM; END $$;
EXPLAIN (ANALYZE, COSTS OFF) SELECT sum(total) FROM invoices WHERE created_at >= '2025-05-01' AND created_at < '2025-06-01';
EXPLAIN (ANALYZE, COSTS OFF) SELECT sum(total) FROM invoices WHERE date_trunc('month', created_at) = '2025-05-01';
