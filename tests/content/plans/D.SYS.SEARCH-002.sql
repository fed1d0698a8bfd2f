-- D.SYS.SEARCH-002. PostgreSQL 15, port and cluster of one's own, max_parallel_workers_per_gather = 0, about 7 s.
-- Look for: the GIN index is used and the sort keeps ten rows, yet the heap scan hands over every matching article,
-- and the buffers are spent there: ts_rank reads the tsvector of each match (most lie out of line, in TOAST).
-- The first plan is the way out (6.6 ms): only the newest 500 matches are ranked. The last one is the item's.
SET max_parallel_workers_per_gather = 0;
DROP TABLE IF EXISTS article;
CREATE TABLE article (id int PRIMARY KEY, day date NOT NULL, tsv tsvector NOT NULL);
SELECT setseed(0.5);
INSERT INTO article
SELECT i, date '2020-01-01' + i / 12,
       to_tsvector('simple', repeat('timeout ', CASE WHEN i % 10 < 3 THEN 1 + i % 7 ELSE 0 END)
                             || repeat('refund ', CASE WHEN i % 8 = 0 THEN 1 + i % 5 ELSE 0 END) || words)
FROM (SELECT i, (SELECT string_agg('w' || (random() * 9000)::int, ' ') FROM generate_series(1, 220) WHERE i > 0) AS words
      FROM generate_series(1, 24000) AS i) AS made;
CREATE INDEX article_tsv_idx ON article USING gin (tsv);
CREATE INDEX article_day_idx ON article (day);
VACUUM ANALYZE article;
EXPLAIN (ANALYZE, BUFFERS, COSTS OFF, TIMING ON)
SELECT id FROM (SELECT id, tsv FROM article WHERE tsv @@ to_tsquery('simple', 'timeout') ORDER BY day DESC LIMIT 500) AS newest
ORDER BY ts_rank(tsv, to_tsquery('simple', 'timeout')) DESC LIMIT 10;
EXPLAIN (ANALYZE, BUFFERS, COSTS OFF, TIMING ON)
SELECT id FROM article WHERE tsv @@ to_tsquery('simple', 'timeout')
ORDER BY ts_rank(tsv, to_tsquery('simple', 'timeout')) DESC LIMIT 10;
