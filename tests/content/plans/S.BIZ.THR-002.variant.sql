-- S.BIZ.THR-002, variant: PostgreSQL 15.18. Recorded run: 80 rows deleted, ON DELETE CASCADE without an index.
-- What to look for: one trigger call per deleted basket, each scanning all of basket_line.
DROP TABLE IF EXISTS basket_line;
DROP TABLE IF EXISTS basket;
CREATE TABLE basket (id int PRIMARY KEY, touched date NOT NULL);
CREATE TABLE basket_line (
    id int PRIMARY KEY,
    basket_id int NOT NULL REFERENCES basket (id) ON DELETE CASCADE,
    note text NOT NULL
);
INSERT INTO basket SELECT n, date '2026-03-01' + n / 80 FROM generate_series(0, 199999) AS n;
INSERT INTO basket_line SELECT n, (n * 7) % 200000, repeat('y', 40) FROM generate_series(1, 800000) AS n;
CREATE INDEX basket_touched_idx ON basket (touched);
VACUUM ANALYZE basket;
VACUUM ANALYZE basket_line;
EXPLAIN (ANALYZE, COSTS OFF) DELETE FROM basket WHERE touched < date '2026-03-02';
