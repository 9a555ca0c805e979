"""What a fake camera shows: a photo, again and again, as Motion JPEG."""

from __future__ import annotations

import io
from pathlib import Path

from PIL import Image

_SIZE_PX = (1280, 720)
_FRAMES = 10
_CROPPED_RATIO = 0.12


def film_of(photo: Path, folder: Path) -> Path:
    """A film in this folder in which somebody stands still; she fills most of the height."""
    with Image.open(photo) as opened:
        whole = opened.convert("RGB")
    margin = round(whole.width * _CROPPED_RATIO)
    near = whole.crop((margin, margin, whole.width - margin, whole.height - margin))
    near.thumbnail(_SIZE_PX)
    frame = Image.new("RGB", _SIZE_PX, (118, 118, 118))
    frame.paste(near, ((_SIZE_PX[0] - near.width) // 2, (_SIZE_PX[1] - near.height) // 2))
    written = io.BytesIO()
    frame.save(written, "JPEG", quality=95)
    film = folder / f"{photo.stem}.mjpeg"
    film.write_bytes(written.getvalue() * _FRAMES)
    return film
