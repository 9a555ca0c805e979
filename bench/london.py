"""The London photos, where they are."""

from __future__ import annotations

import io
import os
from pathlib import Path

import numpy as np
from PIL import Image

from chiso.core.samples import BiometricSample, Pixels

_DEFAULT = Path(__file__).parents[2] / "shared" / "data" / "london"
LONG_SIDE_PX = 640


def folder() -> Path | None:
    """The folder named in CHISO_LONDON, or `../shared/data/london`; None where it has no photos."""
    named = Path(os.environ.get("CHISO_LONDON", _DEFAULT))
    return named if (named / "people.csv").is_file() else None


def samples(source: Path, count: int) -> list[BiometricSample]:
    """`count` neutral photos spread over the people, scaled to a long side of 640 px."""
    paths = sorted(source.glob("*_neutral.jpg"))
    return [
        BiometricSample(_scaled(path)) for path in paths[:: max(1, len(paths) // count)][:count]
    ]


def _scaled(path: Path) -> Pixels:
    with Image.open(io.BytesIO(path.read_bytes())) as image:
        scale = LONG_SIDE_PX / max(image.size)
        size = (round(image.width * scale), round(image.height * scale))
        return np.array(image.convert("RGB").resize(size, Image.Resampling.LANCZOS))
