"""Checks that a file the operator brings is the kind of model they say, and describes it."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Set

import onnx
from google.protobuf.message import DecodeError  # type: ignore[import-untyped]

from chiso.adapters.models.detector_graph import free_detector_shapes
from chiso.adapters.models.manifest import (
    AddedSource,
    Architecture,
    Build,
    DetectorSpec,
    EmbedderSpec,
    ModelEntry,
    Normalisation,
    packaged_entries,
)
from chiso.core.errors import ChisoError, Code
from chiso.core.samples import AlignmentGeometry

_NAME = re.compile(r"[a-z0-9][a-z0-9._-]{0,63}")
_CENTERFACE_CHANNELS = [1, 2, 2, 10]
_YUNET_OUTPUTS = {
    f"{part}_{stride}" for part in ("cls", "obj", "bbox", "kps") for stride in (8, 16, 32)
}
# The chip on which ArcFace and its kin are trained: Deng et al. (2019), "ArcFace", as InsightFace
# publishes it.
_ARCFACE = EmbedderSpec(
    role="embedder",
    architecture=Architecture.ARCFACE,
    normalisation=Normalisation((127.5, 127.5, 127.5), 1 / 127.5, "rgb"),
    geometry=AlignmentGeometry(
        size_px=112,
        points=(
            (38.2946, 51.6963),
            (73.5318, 51.5014),
            (56.0252, 71.7366),
            (41.5493, 92.3655),
            (70.7299, 92.2041),
        ),
    ),
    dimensions=512,
)

_Shape = tuple[int | None, ...]
"""Sizes of a tensor's axes; None where free."""


def added_entry(data: bytes, like: Architecture, name: str, licence: str) -> ModelEntry:
    """The manifest entry of a model that is like one we know.

    Raises `ChisoError(BAD_ARGUMENT)` where the name is no name, the data no ONNX, or its inputs and
    outputs are not those of `like`.
    """
    if not _NAME.fullmatch(name):
        raise _refused(
            f"{name!r} cannot name a model.",
            "Use up to 64 lower-case letters, digits, dots, underscores and hyphens.",
        )
    inputs, outputs = _shapes(data)
    spec = _spec_like(like)
    if isinstance(spec, EmbedderSpec):
        _check_embedder(spec, inputs, outputs)
        build, built_sha256 = Build.AS_PUBLISHED, None
    else:
        _check_detector(spec, inputs, outputs)
        build = Build.FREE_SHAPES
        built_sha256 = hashlib.sha256(free_detector_shapes(data)).hexdigest()
    return ModelEntry(
        name=name,
        licence=licence,
        sha256=hashlib.sha256(data).hexdigest(),
        size_bytes=len(data),
        source=AddedSource("added"),
        build=build,
        built_sha256=built_sha256,
        spec=spec,
    )


def _spec_like(like: Architecture) -> DetectorSpec | EmbedderSpec:
    specs = {entry.spec.architecture: entry.spec for entry in packaged_entries()}
    return specs.get(like, _ARCFACE)


def _check_embedder(
    spec: EmbedderSpec, inputs: dict[str, _Shape], outputs: dict[str, _Shape]
) -> None:
    side = {spec.geometry.size_px}
    if not _fits(list(inputs.values()), ({1, None}, {3}, side, side)):
        wanted = f"one input (1 or free, 3, {spec.geometry.size_px}, {spec.geometry.size_px})"
        raise _unlike(spec.architecture, wanted, inputs)
    if not _fits(list(outputs.values()), ({1, None}, {spec.dimensions})):
        wanted = f"one output (1 or free, {spec.dimensions})"
        raise _unlike(spec.architecture, wanted, outputs)


def _check_detector(
    spec: DetectorSpec, inputs: dict[str, _Shape], outputs: dict[str, _Shape]
) -> None:
    shapes = list(inputs.values())
    if len(shapes) != 1 or len(shapes[0]) != 4 or shapes[0][1] != 3:
        raise _unlike(spec.architecture, "one input (n, 3, height, width)", inputs)
    if spec.architecture is Architecture.YUNET:
        if set(outputs) != _YUNET_OUTPUTS:
            raise _unlike(spec.architecture, f"outputs {sorted(_YUNET_OUTPUTS)}", outputs)
        return
    channels = [shape[1] if len(shape) == 4 else None for shape in outputs.values()]
    if channels != _CENTERFACE_CHANNELS:
        wanted = f"four outputs of {_CENTERFACE_CHANNELS} channels"
        raise _unlike(spec.architecture, wanted, outputs)


def _fits(shapes: list[_Shape], wanted: tuple[Set[int | None], ...]) -> bool:
    """Whether there is one shape, and each of its sizes is among those wanted."""
    if len(shapes) != 1 or len(shapes[0]) != len(wanted):
        return False
    return all(size in sizes for size, sizes in zip(shapes[0], wanted, strict=True))


def _shapes(data: bytes) -> tuple[dict[str, _Shape], dict[str, _Shape]]:
    """Shapes of the inputs and of the outputs, by name."""
    try:
        graph = onnx.load_model_from_string(data).graph
    except DecodeError as cause:
        raise _refused("The file is not ONNX.", "Export the model to ONNX first.") from cause
    if any(tensor.data_location == onnx.TensorProto.EXTERNAL for tensor in graph.initializer):
        raise _refused(
            "The model keeps its weights in another file.",
            "Save it as one ONNX file, so that one digest covers it.",
        )
    constants = {tensor.name for tensor in graph.initializer}
    inputs = [value for value in graph.input if value.name not in constants]
    return _by_name(inputs), _by_name(graph.output)


def _by_name(values: Iterable[onnx.ValueInfoProto]) -> dict[str, _Shape]:
    return {
        value.name: tuple(
            size.dim_value if size.HasField("dim_value") and size.dim_value > 0 else None
            for size in value.type.tensor_type.shape.dim
        )
        for value in values
    }


def _unlike(like: Architecture, wanted: str, found: dict[str, _Shape]) -> ChisoError:
    shown = ", ".join(f"{name} {_text(shape)}" for name, shape in found.items()) or "none"
    return _refused(
        f"A model like {like} has {wanted}; this one has {shown}.",
        "Choose what the model is like, or export it in that shape.",
    )


def _text(shape: _Shape) -> str:
    return f"({', '.join('free' if size is None else str(size) for size in shape)})"


def _refused(message: str, hint: str) -> ChisoError:
    return ChisoError(Code.BAD_ARGUMENT, message, hint)
