"""The descriptor, and one decoded photo to one template, beside dlib and face_recognition."""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from importlib import metadata
from itertools import cycle
from pathlib import Path
from statistics import median

import numpy as np
from numpy.typing import NDArray

from bench import london
from bench.rows import Row
from bench.timing import median_ms, say, take_turns
from chiso import wiring
from chiso.adapters.models.embedder import OnnxEmbedder
from chiso.capture.align import align
from chiso.capture.detect import detect_faces
from chiso.capture.quality import measure, refusal
from chiso.core.samples import AlignedFace, BiometricSample, Pixels
from chiso.core.settings import CaptureSettings
from chiso.services.home import Engine

PHOTOS = 8
ROUNDS = 40
DIFFERENCE_MAX = 1e-5
SPEED_UP_MIN = 12.0
_SYNTHETIC = 8
_DLIB_WEIGHTS = "dlib_face_recognition_resnet_model_v1.dat"


def measured(photos: Path | None) -> list[Row]:
    """Rows on the descriptor and, given London photos, on the way from photo to template."""
    engine = wiring.open_engine(wiring.catalogue().pack("offline"), CaptureSettings())
    samples = london.samples(photos, PHOTOS) if photos else []
    rows = [_descriptor(engine, [_aligned(engine, sample).chip for sample in samples])]
    return [*rows, *_speed(engine, samples)] if samples else rows


def _descriptor(engine: Engine, chips: Sequence[Pixels]) -> Row:
    """Ours against dlib's own, on the same chips, not mirrored, not at unit length."""
    import dlib

    if not isinstance(engine.embedder, OnnxEmbedder):
        raise TypeError("the offline pack's embedder is no ONNX network")
    chance = np.random.default_rng(1)
    size_px = engine.embedder.geometry.size_px
    noise = chance.integers(0, 256, (_SYNTHETIC, size_px, size_px, 3), dtype=np.uint8)
    every = np.stack([*chips, *noise])
    say(f"comparing descriptors of {len(every)} chips")
    network = dlib.face_recognition_model_v1(str(_dlib_weights()))
    theirs = np.array([network.compute_face_descriptor(chip) for chip in every])
    difference = float(np.abs(engine.embedder.describe(every) - theirs).max())
    return Row(
        f"descriptor, largest difference, {len(chips) + _SYNTHETIC} chips",
        f"{difference:.1e}",
        f"dlib {dlib.__version__}",
        target=f"≤ {DIFFERENCE_MAX:g}",
        met=difference <= DIFFERENCE_MAX,
    )


def _dlib_weights() -> Path:
    files = metadata.files("face_recognition_models") or []
    return Path(str(next(file.locate() for file in files if file.name == _DLIB_WEIGHTS)))


def _speed(engine: Engine, samples: Sequence[BiometricSample]) -> list[Row]:
    import face_recognition

    say(f"timing photo to template, {ROUNDS} rounds in turns with face_recognition")
    ours, theirs = cycle(samples), cycle(samples)

    def peer() -> None:
        encodings = face_recognition.face_encodings(next(theirs).pixels)
        if len(encodings) != 1:
            raise RuntimeError(f"face_recognition found {len(encodings)} faces in a London photo")

    taken = take_turns(
        {"ours": lambda: _template(engine, next(ours)), "peer": peer}, ROUNDS, warm_up=3
    )
    ours_ms, peer_ms = median_ms(taken["ours"]), median_ms(taken["peer"])
    speed_up = median([p / o for o, p in zip(taken["ours"], taken["peer"], strict=True)])
    whole = Row(
        f"decoded photo to template, {london.LONG_SIDE_PX} px, median",
        f"{ours_ms:.1f} ms",
        f"{peer_ms:.0f} ms face_recognition",
        f"{speed_up:.1f}× as fast",
        f"≥ {SPEED_UP_MIN:g}×",
        speed_up >= SPEED_UP_MIN,
    )
    return [whole, *_stages(engine, samples)]


def _template(engine: Engine, sample: BiometricSample) -> NDArray[np.float32]:
    """All that Chiso does with a decoded photo of one face, quality and mirror image included."""
    aligned = _aligned(engine, sample)
    refused = refusal(measure(aligned, engine.embedder.geometry), engine.capture.enrolment)
    if refused is not None:
        raise RuntimeError(f"a London photo was refused: {refused.message}")
    return engine.embedder.embed([aligned.chip])[0].vector


def _aligned(engine: Engine, sample: BiometricSample) -> AlignedFace:
    (face,) = detect_faces(engine.detector, sample)
    return align(sample, face, engine.embedder.geometry)


def _stages(engine: Engine, samples: Sequence[BiometricSample]) -> list[Row]:
    """Where the time goes. Stages run alone here, so their sum need not be the whole."""
    sample, geometry = samples[0], engine.embedder.geometry
    (face,) = detect_faces(engine.detector, sample)
    aligned = align(sample, face, geometry)
    stages: dict[str, Callable[[], object]] = {
        "detect": functools.partial(detect_faces, engine.detector, sample),
        "align": functools.partial(align, sample, face, geometry),
        "quality": functools.partial(measure, aligned, geometry),
        "embed, with mirror image": functools.partial(engine.embedder.embed, [aligned.chip]),
    }
    taken = take_turns(stages, ROUNDS)
    return [Row(f"  {name}", f"{median_ms(taken[name]):.1f} ms") for name in stages]
