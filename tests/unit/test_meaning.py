"""The embedding alone: cosines as the index has them, and none where it is missing."""

import numpy as np
import pytest

from knowledge.index import meaning
from knowledge.index.meaning import Meaning
from knowledge.model import KnowledgeError

NEAR, ALSO, FAR = "Retry with a growing pause.", "Back off before you try again.", "The invoice is printed on paper."


async def test_what_means_the_same_is_near() -> None:
    one = Meaning()
    rows = await one.similarities([NEAR], [ALSO, FAR, NEAR])
    assert rows is not None
    assert rows[0][1] < rows[0][0] < rows[0][2] == pytest.approx(1, abs=1e-3)
    assert one.similarity(NEAR, ALSO) == pytest.approx(rows[0][0], abs=1e-3)
    vector = np.frombuffer(await one.embed(NEAR) or b"", dtype=np.float32)
    assert np.linalg.norm(vector) == pytest.approx(1, abs=1e-3)
    assert await one.similarities([], [NEAR]) == []
    assert await one.similarities([NEAR], []) == [[]]


async def test_without_the_model_there_are_no_cosines_and_a_reason(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing() -> None:
        raise KnowledgeError("the embedding package is not installed")

    monkeypatch.setattr(meaning, "MiniLM", missing)
    one = Meaning()
    assert one.reason == "the embedding package is not installed"
    assert (await one.similarities([NEAR], [FAR]), await one.embed(NEAR), one.similarity(NEAR, FAR)) == (
        None,
        None,
        1.0,
    )
