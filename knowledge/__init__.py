"""What the coach knows: the article, the curriculum and the index over both. Imports neither bot nor jobs."""
