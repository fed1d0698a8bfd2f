-- D.SYS.SEARCH-002. PostgreSQL 15, port and cluster of one's own, max_parallel_workers_per_gather = 0, about 7 s.
-- Look for: the GIN index is used and the sort keeps ten rows, yet the heap scan hands over every matching case,
-- and the buffers are spent there: ts_rank reads the tsvector of each match (most lie out of line, in TOAST).
-- The variant asks for a rarer word (and calls the table cases).
SET max_parallel_workers_per_gather = 0;
DROP TABLE IF EXISTS cases;
CREATE TABLE cases (id int PRIMARY KEY, day date NOT NULL, tsv tsvector NOT NULL);
SELECT setseed(0.5);
INSERT INTO cases
SELECT i, date '2020-01-01' + i / 12,
       to_tsvector('simple', repeat('timeout ', CASE WHEN i % 10 < 3 THEN 1 + i % 7 ELSE 0 END)
                             || repeat('refund ', CASE WHEN i % 8 = 0 THEN 1 + i % 5 ELSE 0 END) || words)
FROM (SELECT i, (SELECT string_agg('w' || (random() * 9000)::int, ' ') FROM generate_series(1, 220) WHERE i > 0) AS words
      FROM generate_series(1, 24000) AS i) AS made;
CREATE INDEX cases_tsv_idx ON cases USING gin (tsv);
CREATE INDEX cases_day_idx ON cases (day);
VACUUM ANALYZE cases;
EXPLAIN (ANALYZE, BUFFERS, COSTS OFF, TIMING ON)
SELECT id FROM cases WHERE tsv @@ to_tsquery('simple', 'refund')
ORDER BY ts_rank(tsv, to_tsquery('simple', 'refund')) DESC LIMIT 10;
