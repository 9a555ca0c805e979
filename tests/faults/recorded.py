"""What decoder and models made of a few photos, to be said again where none may be loaded.

A process that is forked must hold no thread and no child, and onnxruntime and the decoder start
some. The store, the keystore, the log and every file are the real parts; only what makes templates
of photos stands behind its ports as recorded.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from chiso.capture.decode import decode
from chiso.core.ports import Detector, Embedder
from chiso.core.samples import AlignmentGeometry, BiometricSample, Box, Face, Pixels
from chiso.core.settings import CaptureSettings
from chiso.core.templates import ModelDigest, Template
from chiso.services.engine import faces_in
from chiso.services.home import Engine

_PHOTO, _FACES, _PROBE, _REFERENCE = "photo", "faces", "probe", "reference"
_BOX_AND_CONFIDENCE = 5
_MODEL, _NAME, _SIZE, _POINTS = "model", "name", "size_px", "points"

Arrays = Mapping[str, np.ndarray]


@dataclass(frozen=True, slots=True)
class _Listening:
    """Decoder and real detector, keeping what they were asked and what they said."""

    detector: Detector
    said: dict[str, np.ndarray]

    @property
    def name(self) -> str:
        return self.detector.name

    def decode(self, photo: bytes) -> BiometricSample:
        sample = decode(photo, CaptureSettings().decode)
        assert isinstance(sample, BiometricSample), sample
        self.said[_key(_PHOTO, photo)] = sample.pixels
        return sample

    def detect(self, pixels: Pixels) -> tuple[Face, ...]:
        faces = self.detector.detect(pixels)
        self.said[_key(_FACES, pixels)] = np.array(
            [_row(each) for each in faces], np.float64
        ).reshape(len(faces), -1)
        return faces


def record(detector: Detector, embedder: Embedder, photos: Sequence[bytes], file: Path) -> None:
    """Write into `file` (NPZ) what these models say of every face of these photos."""
    said: dict[str, np.ndarray] = {}
    listening = _Listening(detector, said)
    engine = Engine(listening, listening, embedder, CaptureSettings())
    for photo in photos:
        faces = faces_in(engine, photo, engine.capture.probe)
        assert isinstance(faces, list), faces
        for face in faces:
            chip = face.aligned.chip
            (probe,), (reference,) = embedder.embed([chip]), embedder.embed_references([chip])
            said[_key(_PROBE, chip)] = probe.vector
            said[_key(_REFERENCE, chip)] = reference.vector
    geometry = embedder.geometry
    said[_MODEL], said[_NAME] = np.array(embedder.digest), np.array(embedder.name)
    said[_SIZE], said[_POINTS] = np.array(geometry.size_px), np.array(geometry.points)
    np.savez(file, **said)  # type: ignore[arg-type]


def recorded_engine(file: Path) -> Engine:
    """Decoder and models as `file` recalls them; asked about another photo they raise KeyError."""
    with np.load(file, allow_pickle=False) as stored:
        said = {name: stored[name] for name in stored.files}
    return Engine(
        RecordedDecoder(said), RecordedDetector(said), RecordedEmbedder(said), CaptureSettings()
    )


@dataclass(frozen=True, slots=True)
class RecordedDecoder:
    """Implements `chiso.core.ports.Decoder` from a record."""

    said: Arrays

    def decode(self, photo: bytes) -> BiometricSample:
        """The pixels of this very photo."""
        return BiometricSample(self.said[_key(_PHOTO, photo)])


@dataclass(frozen=True, slots=True)
class RecordedDetector:
    """Implements `chiso.core.ports.Detector` from a record."""

    said: Arrays

    @property
    def name(self) -> str:
        """Says what it is."""
        return "recorded"

    def detect(self, pixels: Pixels) -> tuple[Face, ...]:
        """The faces that the real detector found in these very pixels."""
        return tuple(_face(row) for row in self.said[_key(_FACES, pixels)])


@dataclass(frozen=True, slots=True)
class RecordedEmbedder:
    """Implements `chiso.core.ports.Embedder` from a record."""

    said: Arrays

    @property
    def name(self) -> str:
        """The real one's."""
        return str(self.said[_NAME])

    @property
    def digest(self) -> ModelDigest:
        """The real one's."""
        return ModelDigest(str(self.said[_MODEL]))

    @property
    def geometry(self) -> AlignmentGeometry:
        """The real one's."""
        points = tuple((float(x), float(y)) for x, y in self.said[_POINTS])
        return AlignmentGeometry(int(self.said[_SIZE]), points)

    @property
    def dimensions(self) -> int:
        """The real one's."""
        return next(len(each) for key, each in self.said.items() if key.startswith(_PROBE))

    def embed(self, chips: Sequence[Pixels]) -> tuple[Template, ...]:
        """A probe's template of each of these very chips."""
        return self._recalled(_PROBE, chips)

    def embed_references(self, chips: Sequence[Pixels]) -> tuple[Template, ...]:
        """A reference's template of each of these very chips."""
        return self._recalled(_REFERENCE, chips)

    def _recalled(self, kind: str, chips: Sequence[Pixels]) -> tuple[Template, ...]:
        return tuple(Template(self.said[_key(kind, each)], self.digest) for each in chips)


def _key(kind: str, asked: bytes | Pixels) -> str:
    content = asked if isinstance(asked, bytes) else np.ascontiguousarray(asked).tobytes()
    return f"{kind} {hashlib.sha256(content).hexdigest()}"


def _row(face: Face) -> list[float]:
    box = face.box
    return [box.x, box.y, box.width, box.height, face.confidence, *face.landmarks.ravel().tolist()]


def _face(row: np.ndarray) -> Face:
    x, y, width, height, confidence = (float(each) for each in row[:_BOX_AND_CONFIDENCE])
    landmarks = row[_BOX_AND_CONFIDENCE:].astype(np.float32).reshape(-1, 2)
    return Face(Box(x, y, width, height), landmarks, confidence)
