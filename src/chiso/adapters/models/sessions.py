"""Opens onnxruntime sessions; the only module that knows the runtime."""

from __future__ import annotations

import os
from types import ModuleType
from typing import TYPE_CHECKING, Protocol, cast

import numpy as np
from numpy.typing import NDArray

from chiso.adapters.memory import overwrites_freed

if TYPE_CHECKING:
    import onnxruntime

Tensor = NDArray[np.float32]

_LOG_ERRORS_ONLY = 3


class Session(Protocol):
    """A network ready to run: one float32 input, named float32 outputs."""

    @property
    def batch_size(self) -> int | None:
        """The one batch size that the graph was exported with, or None where it is free."""
        ...

    def run(self, planes: Tensor) -> dict[str, Tensor]:
        """Outputs by name, for planes of shape (n, 3, height, width)."""
        ...


class OnnxSession:
    """A `Session` on onnxruntime's CPU provider."""

    def __init__(self, session: onnxruntime.InferenceSession) -> None:
        self._session = session
        self._input = session.get_inputs()[0].name
        self._outputs = [output.name for output in session.get_outputs()]
        batch = session.get_inputs()[0].shape[0]
        self._batch_size = batch if isinstance(batch, int) else None

    @property
    def batch_size(self) -> int | None:
        """The one batch size that the graph was exported with, or None where it is free."""
        return self._batch_size

    def run(self, planes: Tensor) -> dict[str, Tensor]:
        """Outputs by name, for planes of shape (n, 3, height, width)."""
        values = self._session.run(self._outputs, {self._input: planes})
        return dict(zip(self._outputs, values, strict=True))


def _silent_onnxruntime() -> ModuleType:
    """onnxruntime, which must not report to its makers.

    Its Linux builds write a device id and a queue of events under the user's cache and send them,
    unless told not to before they are loaded. `tests/adapters/test_silence.py` holds that nothing
    is left and nothing goes out.
    """
    os.environ["ORT_DISABLE_TELEMETRY"] = "1"
    import onnxruntime

    onnxruntime.disable_telemetry_events()
    return cast(ModuleType, onnxruntime)


def open_session(graph: bytes, threads: int | None = None) -> OnnxSession:
    """A session on `graph`, serialised ONNX; `threads` is None for one a core.

    onnxruntime is imported here, so that commands which need no model do not wait for it.
    """
    onnxruntime = _silent_onnxruntime()
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = (os.cpu_count() or 1) if threads is None else threads
    options.log_severity_level = _LOG_ERRORS_ONLY
    # Detectors see a new size with almost every photo: patterns remembered for each are waste.
    options.enable_mem_pattern = False
    # Its arena keeps what networks gave, descriptors too, and frees nothing that is overwritten.
    options.enable_cpu_mem_arena = not overwrites_freed(os.environ)
    # Threads that spin on after one session's run would slow the next session's: 12 to 8 ms.
    options.add_session_config_entry("session.force_spinning_stop", "1")
    session = onnxruntime.InferenceSession(graph, options, providers=["CPUExecutionProvider"])
    return OnnxSession(session)
