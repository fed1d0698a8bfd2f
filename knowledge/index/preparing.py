"""`python -m knowledge.index.preparing`: everything that ships computed, made anew from the sources."""

from knowledge import compiled
from knowledge.index import comparing, precomputed
from knowledge.index.embeddings import MiniLM

if __name__ == "__main__":
    print(compiled.write(), "files compiled to", compiled.FILE.name)  # noqa: T201
    print(precomputed.write(), "vectors written to", precomputed.FILE.name)  # noqa: T201
    print(comparing.write(MiniLM()), "vectors written to", comparing.FILE.name)  # noqa: T201
