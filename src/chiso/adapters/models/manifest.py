"""The model manifest: which weights exist, who may use them, and what goes in and comes out."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from importlib import resources
from typing import Annotated, Literal

from pydantic import ConfigDict, Field, TypeAdapter, ValidationError

from chiso.core.errors import ChisoError, Code
from chiso.core.samples import AlignmentGeometry

_STRICT = ConfigDict(extra="forbid")
_Sha256 = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
_Name = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9._-]{0,63}$")]


class Architecture(StrEnum):
    """What a graph's inputs and outputs mean."""

    CENTERFACE = "centerface"
    YUNET = "yunet"
    DLIB_RESNET = "dlib-resnet"
    SFACE = "sface"
    ARCFACE = "arcface"


class Build(StrEnum):
    """How a graph comes from the published weights."""

    AS_PUBLISHED = "as-published"
    DLIB_GRAPH = "dlib-graph"
    FREE_SHAPES = "free-shapes"


@dataclass(frozen=True, slots=True)
class PackageSource:
    """Weights that an installed Python package carries; it is never imported."""

    __pydantic_config__ = _STRICT

    kind: Literal["package"]
    package: str
    file: str


@dataclass(frozen=True, slots=True)
class UrlSource:
    """Weights that their publisher offers for download."""

    __pydantic_config__ = _STRICT

    kind: Literal["url"]
    url: Annotated[str, Field(pattern=r"^https://")]


@dataclass(frozen=True, slots=True)
class AddedSource:
    """Weights that the operator brought; they lie in the store."""

    __pydantic_config__ = _STRICT

    kind: Literal["added"]


Source = Annotated[PackageSource | UrlSource | AddedSource, Field(discriminator="kind")]


@dataclass(frozen=True, slots=True)
class Normalisation:
    """(pixel - mean) * scale on 0..255 levels, means in the channel order that is given."""

    __pydantic_config__ = _STRICT

    mean: tuple[float, float, float]
    scale: float
    channel_order: Literal["rgb", "bgr"]


@dataclass(frozen=True, slots=True)
class DetectorSpec:
    """A face detector: least confidence kept, and the overlap (IoU) above which one face is two."""

    __pydantic_config__ = _STRICT

    role: Literal["detector"]
    architecture: Literal[Architecture.CENTERFACE, Architecture.YUNET]
    normalisation: Normalisation
    score_min: float
    nms_iou: float


@dataclass(frozen=True, slots=True)
class GuidedFilter:
    """How chips are denoised; see `enhance.denoised`."""

    __pydantic_config__ = _STRICT

    radius_px: Annotated[int, Field(ge=1, le=20)]
    epsilon: Annotated[float, Field(gt=0)]


@dataclass(frozen=True, slots=True)
class Copy:
    """One degraded copy of a reference: blurred, or once as small as `side_px`, or in less light.

    `light`: share of it that is left. `noise`: its standard deviation where all light is there, in
    shares of white; drawn from `seed`.
    """

    __pydantic_config__ = _STRICT

    blur_px: float = 0.0
    side_px: Annotated[int, Field(ge=8)] | None = None
    light: float = 1.0
    noise: float = 0.0
    seed: int = 0


@dataclass(frozen=True, slots=True)
class Enhancement:
    """What is done to chips before this network. Chosen for one network by measuring it.

    A probe's chip is denoised and its mirror image is blurred by `blur_px`, the standard deviation
    of a Gaussian: two ways of losing noise that lose different things. A reference is the mean over
    its chip and `reference_copies`, all blurred, each with its mirror image.
    """

    __pydantic_config__ = _STRICT

    denoise: GuidedFilter
    blur_px: float
    reference_copies: tuple[Copy, ...]


@dataclass(frozen=True, slots=True)
class EmbedderSpec:
    """A descriptor network: the chip it wants and the length of the vector it gives."""

    __pydantic_config__ = _STRICT

    role: Literal["embedder"]
    architecture: Literal[Architecture.DLIB_RESNET, Architecture.SFACE, Architecture.ARCFACE]
    normalisation: Normalisation
    geometry: AlignmentGeometry
    dimensions: int
    enhancement: Enhancement | None = None


@dataclass(frozen=True, slots=True)
class ModelEntry:
    """One model.

    `sha256` and `size_bytes` are of the weights as published; `built_sha256` is of the graph built
    from them, and None where they are used as published.
    """

    __pydantic_config__ = _STRICT

    name: _Name
    licence: str
    sha256: _Sha256
    size_bytes: int
    source: Source
    build: Build
    built_sha256: _Sha256 | None
    spec: Annotated[DetectorSpec | EmbedderSpec, Field(discriminator="role")]


@dataclass(frozen=True, slots=True)
class Pack:
    """A detector and an embedder, by name, that work together."""

    name: str
    detector: str
    embedder: str


OFFLINE_PACK = Pack("offline", detector="centerface", embedder="dlib-resnet-v1")
OPENCV_PACK = Pack("opencv", detector="yunet", embedder="sface")

_MANIFEST = TypeAdapter(tuple[ModelEntry, ...])
_ENTRY = TypeAdapter(ModelEntry)


@cache
def packaged_entries() -> tuple[ModelEntry, ...]:
    """The entries that come with Chiso, in the manifest's order."""
    text = resources.files(__package__).joinpath("manifest.json").read_bytes()
    return _MANIFEST.validate_json(text)


def entry_from_json(data: bytes, origin: str) -> ModelEntry:
    """One entry, as `entry_to_json` wrote it.

    Raises `ChisoError(BAD_MANIFEST)` naming `origin`, the file it came from.
    """
    try:
        return _ENTRY.validate_json(data)
    except ValidationError as cause:
        raise ChisoError(
            Code.BAD_MANIFEST,
            f"{origin} does not describe a model: {cause.errors()[0]['msg']}.",
            "Delete the file and add the model again with `chiso models add`.",
        ) from cause


def entry_to_json(entry: ModelEntry) -> bytes:
    """One entry, indented, with a final newline."""
    return _ENTRY.dump_json(entry, indent=2) + b"\n"


def pack_of(entry: ModelEntry) -> Pack:
    """The pack that a model added by the operator makes with the offline pack's other half."""
    if isinstance(entry.spec, DetectorSpec):
        return Pack(entry.name, detector=entry.name, embedder=OFFLINE_PACK.embedder)
    return Pack(entry.name, detector=OFFLINE_PACK.detector, embedder=entry.name)
