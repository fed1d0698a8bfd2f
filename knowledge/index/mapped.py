"""An ONNX model optimised once and kept as a file, whose weights are then mapped page by page instead of read whole.

Loading the packaged model unpacks its int8 weights to 90 MB in memory, of which a question touches a part: from the file
it opens in a quarter of the time, and what is resident are the pages used, which the system can take back.
"""

import logging
import shutil
import tempfile
from pathlib import Path
from typing import Any

log = logging.getLogger(__name__)

_MODEL, _WEIGHTS = "model.onnx", "weights.bin"
_SMALL = 1024
"""Bytes below which a weight stays in the model's own file."""


def mapped_model(source: Path, mark: str, folder: Path) -> Path:
    """The optimised form of the model `source`, made under `folder` if it is not there; `mark` names its contents.

    Raises OSError where that cannot be written, and whatever onnxruntime does.
    """
    import onnxruntime

    place = folder / f"{mark[:12]}-{onnxruntime.__version__}"  # another version optimises in another way
    if (place / _MODEL).exists():
        return place / _MODEL
    folder.mkdir(parents=True, exist_ok=True)
    made = Path(tempfile.mkdtemp(prefix="making-", dir=folder))
    try:
        _optimise(source, made)
        for old in folder.iterdir():
            if old not in {made, place}:
                shutil.rmtree(old, ignore_errors=True)
        made.replace(place)
    except OSError:
        if not (place / _MODEL).exists():  # else another process was quicker
            raise
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
