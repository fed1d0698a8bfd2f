"""Search over the passages: keywords (BM25), vectors (Chroma) and their fusion."""
