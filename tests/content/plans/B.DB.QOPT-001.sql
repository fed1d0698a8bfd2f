-- B.DB.QOPT-001, main form. Recorded on PostgreSQL 15.18. The slow query itself takes some seconds.
-- Look for: rows=1 against 1600 on devices, and loops=1600 on tickets; with the statistics (first EXPLAIN) a hash join.
SET max_parallel_workers_per_gather = 0;
DROP TABLE IF EXISTS devices, tickets;
CREATE TABLE devices (id int PRIMARY KEY, brand text, model text, firmware text);
CREATE TABLE tickets (id int, device_id int, status text);
SELECT setseed(0.42);
INSERT INTO devices SELECT i, 'b' || i % 50, 'm' || i % 50, 'f' || i % 50 FROM generate_series(1, 80000) i;
INSERT INTO tickets SELECT i, 1 + floor(random() * 80000), CASE WHEN i % 100 = 0 THEN 'open' ELSE 'done' END
FROM generate_series(1, 80000) i;
CREATE STATISTICS devices_dep (dependencies) ON brand, model, firmware FROM devices;
ANALYZE devices, tickets;
EXPLAIN (ANALYZE) SELECT t.id FROM devices d JOIN tickets t ON t.device_id = d.id
WHERE d.brand = 'b7' AND d.model = 'm7' AND d.firmware = 'f7' AND t.status = 'open';
DROP STATISTICS devices_dep;
ANALYZE devices;
EXPLAIN (ANALYZE) SELECT t.id FROM devices d JOIN tickets t ON t.device_id = d.id
WHERE d.brand = 'b7' AND d.model = 'm7' AND d.firmware = 'f7' AND t.status = 'open';
