"""Opens models from the store as the ports that services see."""

from __future__ import annotations

from chiso.adapters.models.centerface import CenterFace
from chiso.adapters.models.embedder import OnnxEmbedder
from chiso.adapters.models.manifest import Architecture, DetectorSpec, EmbedderSpec
from chiso.adapters.models.model_store import ModelStore
from chiso.adapters.models.sessions import open_session
from chiso.adapters.models.yunet import YuNet
from chiso.core.errors import ChisoError, Code
from chiso.core.ports import Detector, Embedder


def open_detector(store: ModelStore, name: str, threads: int | None = None) -> Detector:
    """The detector of this name; `threads` is None for one a core.

    Raises `ChisoError(BAD_ARGUMENT)` where the model is no detector, and what `ModelStore.graph`
    raises.
    """
    entry = store.entry(name)
    if not isinstance(entry.spec, DetectorSpec):
        raise _wrong_role(name, "detector")
    session = open_session(store.graph(name), threads)
    if entry.spec.architecture is Architecture.YUNET:
        return YuNet(name, entry.spec, session)
    return CenterFace(name, entry.spec, session)


def open_embedder(store: ModelStore, name: str, threads: int | None = None) -> Embedder:
    """The embedder of this name; `threads` is None for one a core.

    Raises as `open_detector` does.
    """
    entry = store.entry(name)
    if not isinstance(entry.spec, EmbedderSpec):
        raise _wrong_role(name, "embedder")
    return OnnxEmbedder(entry, entry.spec, open_session(store.graph(name), threads))


def _wrong_role(name: str, role: str) -> ChisoError:
    return ChisoError(
        Code.BAD_ARGUMENT, f"The model {name} is no {role}.", "See `chiso models list`."
    )
