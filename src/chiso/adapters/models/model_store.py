"""The directory of models: finds weights, builds graphs once, and hands out only pinned bytes."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from importlib import metadata
from itertools import chain
from pathlib import Path

from chiso.adapters.files import read_verified, write_atomically
from chiso.adapters.models.download import Progress, download
from chiso.adapters.models.manifest import (
    OFFLINE_PACK,
    OPENCV_PACK,
    AddedSource,
    Architecture,
    Build,
    ModelEntry,
    Pack,
    PackageSource,
    UrlSource,
    entry_from_json,
    entry_to_json,
    pack_of,
    packaged_entries,
)
from chiso.core.errors import ChisoError, Code

_KEY_LENGTH = 16


class ModelStore:
    """Models in one directory, which may not exist yet.

    It holds `<name>-<key>.onnx` (weights pulled or added), `<name>-<key>.built.onnx` (graphs built
    from weights) and `<name>.json` (entries added); `key` begins the weights' SHA-256.
    """

    def __init__(self, directory: Path, packaged: tuple[ModelEntry, ...] | None = None) -> None:
        """`packaged` stands in for Chiso's own manifest, for tests."""
        self._directory = directory
        self._packaged = packaged_entries() if packaged is None else packaged

    def entries(self) -> tuple[ModelEntry, ...]:
        """Every known model: Chiso's own, then those added, by name."""
        return (*self._packaged, *self._added())

    def entry(self, name: str) -> ModelEntry:
        """The model of this name; `ChisoError(BAD_ARGUMENT)` where there is none."""
        for entry in chain(self._packaged, self._added()):
            if entry.name == name:
                return entry
        raise _unknown("model", name, [entry.name for entry in self.entries()])

    def packs(self) -> tuple[Pack, ...]:
        """The packs that can be chosen: offline, opencv, then one for each added model."""
        return (OFFLINE_PACK, OPENCV_PACK, *map(pack_of, self._added()))

    def pack(self, name: str) -> Pack:
        """The pack of this name; `ChisoError(BAD_ARGUMENT)` where there is none."""
        for pack in chain((OFFLINE_PACK, OPENCV_PACK), map(pack_of, self._added())):
            if pack.name == name:
                return pack
        raise _unknown("pack", name, [pack.name for pack in self.packs()])

    def is_here(self, name: str) -> bool:
        """Whether the model's weights are on this machine; their digest is checked on loading."""
        path = self._weights_path(self.entry(name))
        return path is not None and path.is_file()

    def graph(self, name: str) -> bytes:
        """Serialised ONNX with the pinned digest, built on first use.

        Raises `ChisoError`: MODEL_MISSING where the weights are not here, DIGEST_MISMATCH where
        they, or what was built from them, are not what was pinned.
        """
        entry = self.entry(name)
        if entry.build is Build.AS_PUBLISHED:
            return self._weights(entry)
        built_path = self._path(entry, ".built.onnx")
        cached = read_verified(built_path, _pinned_build(entry))
        if cached is not None:
            return cached
        if built_path.is_file() and not self.is_here(name):
            raise ChisoError(
                Code.DIGEST_MISMATCH,
                f"{built_path} is damaged, and {name}'s weights are not here to rebuild it.",
                _how_to_get_again(entry),
            )
        built = _build(entry, self._weights(entry))
        write_atomically(built_path, built)
        return built

    def pull(self, name: str, progress: Progress) -> None:
        """Downloads a model's weights where they are not here yet; see `download` for its errors.

        A model that a package carries has nothing to download.
        """
        entry = self.entry(name)
        if not isinstance(entry.source, UrlSource):
            self._weights(entry)
            return
        path = self._path(entry, ".onnx")
        if read_verified(path, entry.sha256) is None:
            download(entry.source.url, path, entry.sha256, entry.size_bytes, progress)

    def add(self, data: bytes, like: Architecture, name: str, licence: str) -> ModelEntry:
        """Keeps the content of an ONNX file, for use as a model of the kind `like`.

        Raises `ChisoError(BAD_ARGUMENT)` where the name is taken or the graph's inputs and outputs
        are not those of `like`.
        """
        if name in {OFFLINE_PACK.name, OPENCV_PACK.name, *(e.name for e in self.entries())}:
            raise ChisoError(
                Code.BAD_ARGUMENT, f"The name {name!r} is taken.", "Choose another name."
            )
        # Imports onnx, which commands that only recognise should not wait for.
        from chiso.adapters.models.added import added_entry

        entry = added_entry(data, like, name, licence)
        write_atomically(self._path(entry, ".onnx"), data)
        write_atomically(self._directory / f"{name}.json", entry_to_json(entry))
        return entry

    def _added(self) -> Iterator[ModelEntry]:
        """Entries beside the files, read one by one: a damaged one stops nothing before it."""
        return map(_read_entry, sorted(self._directory.glob("*.json")))

    def _weights(self, entry: ModelEntry) -> bytes:
        path = self._weights_path(entry)
        if path is None or not path.is_file():
            raise _missing(entry)
        data = read_verified(path, entry.sha256)
        if data is None:
            raise ChisoError(
                Code.DIGEST_MISMATCH,
                f"{path} is not the {entry.name} that was pinned.",
                _how_to_get_again(entry),
            )
        return data

    def _weights_path(self, entry: ModelEntry) -> Path | None:
        if isinstance(entry.source, PackageSource):
            return _packaged_file(entry.source)
        return self._path(entry, ".onnx")

    def _path(self, entry: ModelEntry, suffix: str) -> Path:
        return self._directory / f"{entry.name}-{entry.sha256[:_KEY_LENGTH]}{suffix}"


def _read_entry(path: Path) -> ModelEntry:
    entry = entry_from_json(path.read_bytes(), str(path))
    if entry.name != path.stem or not isinstance(entry.source, AddedSource):
        raise ChisoError(
            Code.BAD_MANIFEST,
            f"{path} does not describe the added model {path.stem}.",
            "Delete the file and add the model again with `chiso models add`.",
        )
    return entry


def _unknown(what: str, name: str, known: list[str]) -> ChisoError:
    return ChisoError(
        Code.BAD_ARGUMENT, f"No {what} is called {name!r}.", f"Choose one of: {', '.join(known)}."
    )


def _build(entry: ModelEntry, weights: bytes) -> bytes:
    """The graph of these weights, checked against its pinned digest."""
    # Import onnx, which only a first use should wait for.
    from chiso.adapters.models.detector_graph import free_detector_shapes
    from chiso.adapters.models.dlib_graph import build_dlib_graph
    from chiso.adapters.models.dlib_weights import parse_dlib_weights

    if entry.build is Build.DLIB_GRAPH:
        built = build_dlib_graph(parse_dlib_weights(weights))
    else:
        built = free_detector_shapes(weights)
    if hashlib.sha256(built).hexdigest() != _pinned_build(entry):
        raise ChisoError(
            Code.DIGEST_MISMATCH,
            f"The graph built from {entry.name}'s weights is not the one that was pinned.",
            "Install the versions of onnx and protobuf that Chiso was released with.",
        )
    return built


def _pinned_build(entry: ModelEntry) -> str:
    if entry.built_sha256 is None:
        raise ChisoError(
            Code.BAD_MANIFEST,
            f"{entry.name} is built from its weights, but no digest is pinned for the result.",
            "Delete its entry and add the model again with `chiso models add`.",
        )
    return entry.built_sha256


def _packaged_file(source: PackageSource) -> Path | None:
    """Where an installed package keeps the file; the package itself is not imported."""
    try:
        files = metadata.files(source.package)
    except metadata.PackageNotFoundError:
        return None
    for file in files or ():
        if str(file) == source.file:
            return Path(str(file.locate()))
    return None


def _missing(entry: ModelEntry) -> ChisoError:
    return ChisoError(
        Code.MODEL_MISSING,
        f"The model {entry.name} is not on this machine.",
        _how_to_get_again(entry),
    )


def _how_to_get_again(entry: ModelEntry) -> str:
    match entry.source:
        case PackageSource(package=package):
            return f"Reinstall the Python package {package}."
        case UrlSource():
            return f"Run `chiso models pull {entry.name}`."
        case AddedSource():
            return f"Delete {entry.name}.json and add it again with `chiso models add`."
