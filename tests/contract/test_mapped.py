"""The packaged embedding through its optimised file: the same vectors, made once, and never in the way."""

from pathlib import Path

import numpy as np
import pytest

from knowledge.index.embeddings import MiniLM

TEXTS = ["Why do retries cascade?", "p99", "An index that nobody reads still costs every write."]


@pytest.fixture(scope="module")
def expected() -> np.ndarray:
    return np.array(MiniLM().embed_documents(TEXTS))


def vectors(cache: Path) -> np.ndarray:
    return np.array(MiniLM(cache).embed_documents(TEXTS))


def weights(cache: Path) -> Path:
    (found,) = cache.glob("*/weights.bin")
    return found


def test_it_is_made_once_and_gives_the_same_vectors(tmp_path: Path, expected: np.ndarray) -> None:
    cache = tmp_path / "model"
    assert np.abs(vectors(cache) - expected).max() < 1e-6
    made = weights(cache).stat()
    assert np.abs(vectors(cache) - expected).max() < 1e-6
    assert (weights(cache).stat().st_ino, weights(cache).stat().st_mtime_ns) == (made.st_ino, made.st_mtime_ns)
    assert [path.name for path in cache.iterdir() if path.name.startswith("making-")] == []


def test_that_of_another_version_is_removed(tmp_path: Path) -> None:
    old = tmp_path / "model" / "0000-0.9"
    old.mkdir(parents=True)
    vectors(tmp_path / "model")
    assert not old.exists()


@pytest.mark.parametrize("damage", [b"", b"\xab" * 1000, b"\xab" * 90_000_000], ids=["emptied", "cut", "garbled"])
def test_a_damaged_one_is_made_anew(tmp_path: Path, expected: np.ndarray, damage: bytes) -> None:
    cache = tmp_path / "model"
    vectors(cache)
    weights(cache).write_bytes(damage)
    assert np.abs(vectors(cache) - expected).max() < 1e-6
    assert weights(cache).stat().st_size > 10_000_000


def test_where_nothing_can_be_written_the_packaged_file_serves(tmp_path: Path, expected: np.ndarray) -> None:
    (tmp_path / "file").write_text("not a folder")
    assert np.abs(vectors(tmp_path / "file" / "model") - expected).max() < 1e-6
