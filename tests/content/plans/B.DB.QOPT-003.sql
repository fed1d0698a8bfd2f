-- B.DB.QOPT-003, main form. Recorded on PostgreSQL 15.18.
-- Look for: the OR form has no Index Cond; Rows Removed by Filter is the number of rows on all earlier pages.
SET max_parallel_workers_per_gather = 0;
SET enable_bitmapscan = off;
DROP TABLE IF EXISTS events;
CREATE TABLE events (id int, at timestamptz, body text);
INSERT INTO events SELECT i, timestamptz '2026-01-01 00:00+00' + (i / 4) * interval '1 second', 'event no. ' || i FROM generate_series(1, 1000000) i;
CREATE INDEX events_at_id ON events (at, id);
VACUUM ANALYZE events;
EXPLAIN (ANALYZE, BUFFERS, COSTS OFF) SELECT id, body FROM events WHERE (at, id) < (timestamptz '2026-01-01 13:53:20+00', 200001) ORDER BY at DESC, id DESC LIMIT 50;
EXPLAIN (ANALYZE, BUFFERS, COSTS OFF) SELECT id, body FROM events WHERE at < timestamptz '2026-01-01 13:53:20+00' OR (at = timestamptz '2026-01-01 13:53:20+00' AND id < 200001) ORDER BY at DESC, id DESC LIMIT 50;
EXPLAIN (ANALYZE, BUFFERS, COSTS OFF) SELECT id, body FROM events WHERE at < timestamptz '2026-01-01 13:53:20+00' OR (at = timestamptz '2026-01-01 13:53:20+00' AND id < 200001) ORDER BY at DESC, id DESC LIMIT 50;
