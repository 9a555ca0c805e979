"""A card's QR code in pixels that a printer keeps apart."""

from __future__ import annotations

import segno
from PIL import Image

QUIET_MODULES = 4
"""White on each side (ISO/IEC 18004 §6.3.8)."""
_LEVELS = ("q", "m")
"""A quarter of the code may be lost, or a seventh where it is too large for that."""


def qr_code(text: str, most_px: int, least_module_px: int) -> Image.Image:
    """The code with its quiet zone, mode L, as large as fits in `most_px`.

    Modules are whole pixels. Raises ValueError where they would be smaller than `least_module_px`.
    """
    for level in _LEVELS:
        code = segno.make_qr(text, error=level, boost_error=False)
        module_px = most_px // int(code.symbol_size(border=QUIET_MODULES)[0])
        if module_px >= least_module_px:
            return _drawn(code, module_px)
    raise ValueError(f"a code of {len(text)} characters cannot be printed on a card")


def _drawn(code: segno.QRCode, module_px: int) -> Image.Image:
    rows = [bytes(row) for row in code.matrix_iter(border=QUIET_MODULES)]
    dark = Image.frombytes("L", (len(rows[0]), len(rows)), b"".join(rows))
    picture = dark.point(lambda value: 0 if value else 255)
    return picture.resize(
        (picture.width * module_px, picture.height * module_px), Image.Resampling.NEAREST
    )
