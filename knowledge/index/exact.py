"""The nearest of a hundred thousand vectors by comparing with all of them, in int8: 1.7 ms, and nothing to build.

A graph (HNSW) is no faster at this size, has to be built for minutes, and finds hardly any of the nearest where vectors
are spread evenly. onnxruntime, which is there for the embedding, multiplies int8 with the processor's own instructions;
numpy has none for it, and float32 takes five times as long.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from knowledge.index.chroma import Vector

HalfVectors = npt.NDArray[np.float16]

_GRAPH = bytes.fromhex(
    "08083a6c0a180a01610a0162120179220d4d61744d756c496e74656765721201675a150a016112100a0e0802120a0a031201"
    "6d0a031201775a1a0a016212150a130803120f0a0312016b0a031201770a0312016e621a0a017912150a130806120f0a0312"
    "016b0a0312016d0a0312016e42040a00100d"
)
"""ONNX (opset 13): y = MatMulInteger(a, b), a uint8 [m, w], b int8 [k, w, n], y int32 [k, m, n]."""
_BLOCK = 128
"""Vectors that lie together: the product walks through a block line by line, so it has to fit the cache."""
_STEPS = 127
"""Of a number of a vector, up to the largest in it."""
_QUERY_STEPS = 63
"""Seven bits, as pairs of products of eight would overflow the 16 bits in which older processors add them."""
_MIDDLE = _QUERY_STEPS + 1


def largest(scores: Vector, limit: int) -> npt.NDArray[np.intp]:
    """The places of the `limit` largest scores, the largest first, of equal ones the first first.

    The limit-th largest of the maxima of 128 neighbours each is a bound below which no place is among them; that saves
    nine tenths of what a partition of all takes.
    """
    whole = len(scores) // _BLOCK * _BLOCK
    blocks = whole // _BLOCK
    if blocks > limit:
        maxima = scores[:whole].reshape(blocks, _BLOCK).max(axis=1)
        places = np.flatnonzero(scores >= np.partition(maxima, -limit)[-limit])
    else:
        places = np.arange(len(scores))
    return places[np.argsort(-scores[places], kind="stable")[:limit]]


class ExactIndex:
    """The vectors of length 1 in `rows` (n, width), half precision; fixed once made."""

    def __init__(self, rows: HalfVectors) -> None:
        self.rows = rows
        if not len(rows):
            return  # keywords alone: onnxruntime need not be there
        import onnxruntime

        blocks = -(-len(rows) // _BLOCK)
        self._codes = np.zeros((blocks, rows.shape[1], _BLOCK), dtype=np.int8)
        self._scale = np.empty(len(rows), dtype=np.float32)
        self._shift = np.empty(len(rows), dtype=np.float32)
        for number, start in enumerate(range(0, len(rows), _BLOCK)):
            some = rows[start : start + _BLOCK].astype(np.float32)
            scale = np.maximum(np.abs(some).max(axis=1), 1e-9) / np.float32(_STEPS)
            codes = np.rint(some / scale[:, np.newaxis])
            self._codes[number, :, : len(some)] = codes.T
            self._scale[start : start + len(some)] = scale
            self._shift[start : start + len(some)] = scale * _MIDDLE * codes.sum(axis=1)
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        options.enable_cpu_mem_arena = False
        self._session: Any = onnxruntime.InferenceSession(_GRAPH, options, providers=["CPUExecutionProvider"])

    def vectors(self, places: Sequence[int]) -> Vector:
        """(n, width) vectors at these places."""
        return self.rows[np.asarray(places, dtype=np.intp)].astype(np.float32)

    def nearest(self, vector: Vector, limit: int) -> list[int]:
        """The places of the nearest, best first, as far as codes tell (cosines to about .002): who wants the ten
        nearest takes some more and compares `vectors`."""
        if not len(self.rows):
            return []
        step = max(float(np.abs(vector).max()), 1e-9) / _QUERY_STEPS
        asked = (np.rint(vector / step) + _MIDDLE).astype(np.uint8)[np.newaxis]
        (product,) = self._session.run(None, {"a": asked, "b": self._codes})
        cosines = product.reshape(-1)[: len(self.rows)].astype(np.float32)
        cosines *= self._scale
        cosines -= self._shift  # now the cosines, but for `step`, which is the same for all
        return [int(place) for place in largest(cosines, limit)]
