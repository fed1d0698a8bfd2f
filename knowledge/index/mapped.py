"""An ONNX model optimised once and kept as a file, whose weights are then mapped page by page instead of read whole.

Loading the packaged model unpacks its int8 weights to 90 MB in memory, of which a question touches a part: from the file
it opens in a quarter of the time, and what is resident are the pages used, which the system can take back.
"""

import shutil
import tempfile
import zlib
from pathlib import Path
from typing import Any

_MODEL, _WEIGHTS, _SUM = "model.onnx", "weights.bin", "crc32"
_SMALL = 1024
"""Bytes below which a weight stays in the model's own file."""


def mapped_model(source: Path, mark: str, folder: Path) -> Path:
    """The optimised form of the model `source`, made under `folder` if it is not there whole; `mark` names its contents.

    Raises OSError where that cannot be written, and whatever onnxruntime does.
    """
    import onnxruntime

    place = folder / f"{mark[:12]}-{onnxruntime.__version__}"  # another version optimises in another way
    if _whole(place):
        return place / _MODEL
    folder.mkdir(parents=True, exist_ok=True)
    made = Path(tempfile.mkdtemp(prefix="making-", dir=folder))
    try:
        _optimise(source, made)
        for old in folder.iterdir():
            if old != made:
                shutil.rmtree(old, ignore_errors=True)
        made.replace(place)
    finally:
        shutil.rmtree(made, ignore_errors=True)
    return place / _MODEL


def _optimise(source: Path, folder: Path) -> None:
    import onnxruntime

    options: Any = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    # one level below all, for that lays the weights out for this very processor
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_ENABLE_EXTENDED
    options.optimized_model_filepath = str(folder / _MODEL)
    options.add_session_config_entry("session.optimized_model_external_initializers_file_name", _WEIGHTS)
    options.add_session_config_entry("session.optimized_model_external_initializers_min_size_in_bytes", str(_SMALL))
    onnxruntime.InferenceSession(str(source), options, providers=["CPUExecutionProvider"])
    (folder / _SUM).write_text(_sum(folder))


def _whole(folder: Path) -> bool:
    """Whether it is there as it was written: onnxruntime would compute with garbled weights as well."""
    try:
        return (folder / _SUM).read_text() == _sum(folder)
    except OSError:
        return False


def _sum(folder: Path) -> str:
    found = 0
    for name in (_MODEL, _WEIGHTS):
        with (folder / name).open("rb") as file:
            while some := file.read(1 << 20):
                found = zlib.crc32(some, found)
    return f"{found:08x}"
