-- B.DB.QOPT-001, variant. Recorded on PostgreSQL 15.18. The slow query itself takes some seconds.
-- Look for: rows=1 against 1500 on shops, and loops=1500 on refunds; with the statistics (first EXPLAIN) a hash join.
SET max_parallel_workers_per_gather = 0;
DROP TABLE IF EXISTS shops, refunds;
CREATE TABLE shops (id int PRIMARY KEY, country text, currency text, tax_zone text);
CREATE TABLE refunds (id int, shop_id int, state text);
SELECT setseed(0.42);
INSERT INTO shops SELECT i, 'c' || i % 40, 'u' || i % 40, 'z' || i % 40 FROM generate_series(1, 60000) i;
INSERT INTO refunds SELECT i, 1 + floor(random() * 60000), CASE WHEN i % 50 = 0 THEN 'held' ELSE 'paid' END
FROM generate_series(1, 60000) i;
CREATE STATISTICS shops_dep (dependencies) ON country, currency, tax_zone FROM shops;
ANALYZE shops, refunds;
EXPLAIN (ANALYZE) SELECT r.id FROM shops s JOIN refunds r ON r.shop_id = s.id
WHERE s.country = 'c7' AND s.currency = 'u7' AND s.tax_zone = 'z7' AND r.state = 'held';
DROP STATISTICS shops_dep;
ANALYZE shops;
EXPLAIN (ANALYZE) SELECT r.id FROM shops s JOIN refunds r ON r.shop_id = s.id
WHERE s.country = 'c7' AND s.currency = 'u7' AND s.tax_zone = 'z7' AND r.state = 'held';
