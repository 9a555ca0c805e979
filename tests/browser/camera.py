"""What a fake camera shows: photos, again and again, as Motion JPEG."""

from __future__ import annotations

import io
from pathlib import Path

from PIL import Image

_SIZE_PX = (1280, 720)
_GREY = (118, 118, 118)
_FRAMES = 10
_CROPPED_RATIO = 0.12
_FRAMES_A_SECOND = 30  # Chromium's, whatever the film
_TURN_S = 2
_CARD_RATIO = 0.95


def film_of(photo: Path, folder: Path) -> Path:
    """A film in this folder in which somebody stands still; she fills most of the height."""
    film = folder / f"{photo.stem}.mjpeg"
    film.write_bytes(_somebody(photo) * _FRAMES)
    return film


def film_with_a_card(card: bytes, photo: Path, folder: Path) -> Path:
    """A film in which she holds her card before the camera, then looks into it, and so on."""
    film = folder / f"{photo.stem}-card.mjpeg"
    turn = _TURN_S * _FRAMES_A_SECOND
    film.write_bytes(_card(card) * turn + _somebody(photo) * turn)
    return film


def _somebody(photo: Path) -> bytes:
    with Image.open(photo) as opened:
        whole = opened.convert("RGB")
    margin = round(whole.width * _CROPPED_RATIO)
    near = whole.crop((margin, margin, whole.width - margin, whole.height - margin))
    near.thumbnail(_SIZE_PX)
    return _frame_with(near)


def _card(picture: bytes) -> bytes:
    with Image.open(io.BytesIO(picture)) as opened:
        held = opened.convert("RGB")
    held.thumbnail((_SIZE_PX[0], round(_SIZE_PX[1] * _CARD_RATIO)))
    return _frame_with(held)


def _frame_with(picture: Image.Image) -> bytes:
    frame = Image.new("RGB", _SIZE_PX, _GREY)
    frame.paste(picture, ((_SIZE_PX[0] - picture.width) // 2, (_SIZE_PX[1] - picture.height) // 2))
    written = io.BytesIO()
    frame.save(written, "JPEG", quality=95)
    return written.getvalue()
