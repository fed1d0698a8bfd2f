-- S.BIZ.THR-002: PostgreSQL 15.18. Recorded run: 100 rows deleted, nearly all the time in the trigger line.
-- What to look for: the Delete node itself needs well under 5 ms; "Trigger for constraint" takes over 90 % of the
-- execution time with one call per row, because session.device_id has no index. The same EXPLAIN without ANALYZE
-- shows no trigger line at all.
DROP TABLE IF EXISTS session;
DROP TABLE IF EXISTS device;
CREATE TABLE device (id int PRIMARY KEY, seen date NOT NULL);
CREATE TABLE session (id int PRIMARY KEY, device_id int NOT NULL REFERENCES device (id), payload text NOT NULL);
INSERT INTO device SELECT n, date '2026-01-01' + n / 100 FROM generate_series(0, 19999) AS n;
-- the devices of the first day have no session left
INSERT INTO session SELECT n, 100 + n % 19900, repeat('x', 60) FROM generate_series(1, 500000) AS n;
CREATE INDEX device_seen_idx ON device (seen);
VACUUM ANALYZE device;
VACUUM ANALYZE session;
EXPLAIN (ANALYZE, COSTS OFF) DELETE FROM device WHERE seen < date '2026-01-02';
