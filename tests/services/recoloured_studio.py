"""A studio that recolours the London volunteers' photos: crude, but real faces to a detector."""

from __future__ import annotations

import io
import os
import tempfile
from collections.abc import Sequence
from functools import cache
from pathlib import Path

import numpy as np
from PIL import Image, ImageFilter

from chiso.adapters.models.model_store import ModelStore
from chiso.adapters.models.opening import open_detector
from chiso.core.ports import Detector
from chiso.core.samples import Landmarks
from chiso.volunteers.portraits import Portrait, derived_seed

_LONDON = Path(__file__).parents[3] / "shared/data/london"
_DARKEST = 0.12


class RecolouredStudio:
    """A person is a volunteer; a capture is a face, a crop, a light; a tone darkens everything."""

    digest = "ef" * 32

    def portraits(
        self, person: int, capture: int, tones: Sequence[int], size_px: int
    ) -> tuple[Portrait, ...]:
        face = ("neutral", "smiling")[derived_seed("face", capture) % 2]
        names = sorted(_folder().glob(f"*_{face}.jpg"))
        source = names[derived_seed("who", person) % len(names)]
        image, landmarks = _photographed(source, capture, size_px)
        return tuple(
            Portrait(
                person=person,
                capture=capture,
                tone=tone,
                jpeg=_jpeg(image, tone),
                size_px=size_px,
                landmarks=landmarks,
                person_traits={"source": source.name},
                capture_traits={"face": face, "light": "flash"},
            )
            for tone in tones
        )


class EqualStudio(RecolouredStudio):
    """The same photo at every tone: nothing depends on it."""

    digest = "ee" * 32

    def portraits(
        self, person: int, capture: int, tones: Sequence[int], size_px: int
    ) -> tuple[Portrait, ...]:
        (one,) = super().portraits(person, capture, [1], size_px)
        return tuple(
            Portrait(
                person=one.person,
                capture=one.capture,
                tone=tone,
                jpeg=one.jpeg,
                size_px=size_px,
                landmarks=one.landmarks,
                person_traits=one.person_traits,
                capture_traits=one.capture_traits,
            )
            for tone in tones
        )


def open_recoloured_studio() -> RecolouredStudio:
    return RecolouredStudio()


def open_equal_studio() -> RecolouredStudio:
    return EqualStudio()


def _folder() -> Path:
    return Path(os.environ.get("CHISO_LONDON", _LONDON))


def _photographed(source: Path, capture: int, size_px: int) -> tuple[Image.Image, Landmarks]:
    with Image.open(source) as photo:
        whole = photo.convert("RGB")
    crop = derived_seed("crop", capture) % 60
    image = whole.crop((crop, crop // 2, whole.width - crop // 3, whole.height - crop // 3))
    scale = np.array([size_px / image.width, size_px / image.height])
    landmarks = (_landmarks(source) - (crop, crop // 2)) * scale
    image = image.resize((size_px, size_px), Image.Resampling.LANCZOS)
    image = image.filter(ImageFilter.GaussianBlur(derived_seed("blur", capture) % 3 / 2))
    light = 0.6 + 0.1 * (derived_seed("light", capture) % 5)
    return image.point(lambda level: int(level * light)), landmarks.astype(np.float32)


@cache
def _landmarks(source: Path) -> Landmarks:
    with Image.open(source) as photo:
        faces = _detector().detect(np.asarray(photo.convert("RGB").resize((320, 320))))
        shown = faces[0].landmarks.astype(np.float64)
        return ((shown + 0.5) * (photo.width / 320) - 0.5).astype(np.float32)


@cache
def _detector() -> Detector:
    store = ModelStore(Path(tempfile.mkdtemp(prefix="recoloured-")))
    return open_detector(store, "centerface", threads=1)


def _jpeg(image: Image.Image, tone: int) -> bytes:
    gain = 1.0 - (1.0 - _DARKEST) * (tone - 1) / 9
    buffer = io.BytesIO()
    image.point(lambda level: int(level * gain)).save(buffer, "JPEG", quality=90)
    return buffer.getvalue()
