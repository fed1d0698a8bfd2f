-- B.DB.QOPT-003, variant. Recorded on PostgreSQL 15.18.
-- Look for: the OR form has no Index Cond; Rows Removed by Filter is the number of rows on all earlier pages.
SET max_parallel_workers_per_gather = 0;
SET enable_bitmapscan = off;
DROP TABLE IF EXISTS players;
CREATE TABLE players (id int, score int, nick text);
INSERT INTO players SELECT i, i / 5, 'player no. ' || i FROM generate_series(1, 600000) i;
CREATE INDEX players_score_id ON players (score, id);
VACUUM ANALYZE players;
EXPLAIN (ANALYZE, BUFFERS, COSTS OFF) SELECT id, nick FROM players WHERE (score, id) > (90000, 450000) ORDER BY score, id LIMIT 20;
EXPLAIN (ANALYZE, BUFFERS, COSTS OFF) SELECT id, nick FROM players WHERE score > 90000 OR (score = 90000 AND id > 450000) ORDER BY score, id LIMIT 20;
EXPLAIN (ANALYZE, BUFFERS, COSTS OFF) SELECT id, nick FROM players WHERE score > 90000 OR (score = 90000 AND id > 450000) ORDER BY score, id LIMIT 20;
