"""Turns a photo's bytes into upright RGB pixels, or says in plain words why not; without numpy."""

from __future__ import annotations

import io
import struct
import zlib
from collections.abc import Callable
from dataclasses import dataclass

from PIL import Image
from PIL.JpegImagePlugin import JpegImageFile
from PIL.PngImagePlugin import PngImageFile
from PIL.WebPImagePlugin import WebPImageFile

from chiso.capture.containers import (
    PNG_SIGNATURE,
    Format,
    Still,
    read_jpeg,
    read_png,
    read_webp,
)
from chiso.core.errors import Code
from chiso.core.refusals import Refusal
from chiso.core.settings import DecodeLimits

MID_GREY = (128, 128, 128)
"""What shows through a transparent photo: white or black would favour one skin tone's contrast."""

_DECODERS: dict[Format, Callable[[io.BytesIO], Image.Image]] = {
    "JPEG": JpegImageFile,
    "PNG": PngImageFile,
    "WEBP": WebPImageFile,
}
"""Pillow's plugins, each called by itself: `Image.open` would apply the process-wide
`MAX_IMAGE_PIXELS`, warn, and turn a JPEG into an MPO."""

_UNDO = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
"""By EXIF orientation, what sets a picture upright; Pillow turns anticlockwise."""

_DECODER_ERRORS = (
    OSError,
    AssertionError,
    SyntaxError,
    ValueError,
    EOFError,
    LookupError,
    TypeError,
    AttributeError,
    ArithmeticError,
    RuntimeError,
    struct.error,
    zlib.error,
)
"""What Pillow's plugins raise on a file that is not what it says: from their source and fuzzing."""


@dataclass(frozen=True, slots=True)
class Raster:
    """Upright pixels: red, green and blue of each, a byte each, row by row from the top.

    `rgb` has width × height × 3 bytes.
    """

    width_px: int
    height_px: int
    rgb: bytes | bytearray


def rasterise(data: bytes, limits: DecodeLimits) -> Raster | Refusal:
    """Pixels of a JPEG, PNG or WebP photo, upright; a refusal for everything else. Never raises.

    The format is told by content, never by name. Size limits are checked against the header, before
    anything is decompressed. EXIF orientation is applied and all other metadata dropped, embedded
    colour profiles included: values are taken as sRGB. CMYK is converted without a profile, 16 bits
    are cut to their high 8, and transparency is composited over `MID_GREY`. Of several pictures in
    one JPEG (MPO) the first is used; animations are refused, since nobody can say which frame the
    person meant.

    Pillow's process-wide switches cannot weaken this: whether a file is whole is judged from its
    structure, so `LOAD_TRUNCATED_IMAGES` lets no cut file through.
    """
    if len(data) > limits.max_bytes:
        return _too_large(f"The file has {len(data):,} bytes; at most {limits.max_bytes:,} fit.")
    reader = _reader(data)
    if reader is None:
        return _unrecognised(data)
    still = reader(data)
    if still is None:
        return _damaged()
    return _refused(still, limits) or _decoded(still)


def _reader(data: bytes) -> Callable[[bytes], Still | None] | None:
    if data.startswith(b"\xff\xd8\xff"):
        return read_jpeg
    if data.startswith(PNG_SIGNATURE):
        return read_png
    if data.startswith(b"RIFF") and data[8:12] == b"WEBP":
        return read_webp
    return None


def _refused(still: Still, limits: DecodeLimits) -> Refusal | None:
    width, height = f"{still.width_px:,}", f"{still.height_px:,}"
    area_px = still.width_px * still.height_px
    memory_bytes = area_px * still.memory_bytes_per_px
    if area_px > limits.max_pixels or memory_bytes > limits.max_memory_bytes:
        return _too_large(f"The photo is {width} × {height} pixels: more than Chiso decodes.")
    if min(still.width_px, still.height_px) < limits.min_side_px:
        return Refusal(
            Code.IMAGE_TOO_SMALL,
            f"The photo is {width} × {height} pixels: too small to hold a face.",
            "Use the original photo, not a thumbnail or an icon.",
        )
    if still.animated:
        return Refusal(
            Code.ANIMATED,
            "The file is an animation, not a photo.",
            "Save the one picture you mean as a JPEG or PNG and use that.",
        )
    if still.unsupported is not None:
        return _unsupported(still.unsupported)
    return None if still.complete else _damaged()


def _decoded(still: Still) -> Raster | Refusal:
    try:
        image = _DECODERS[still.format](io.BytesIO(still.stripped))
        if image.size != (still.width_px, still.height_px):
            return _damaged()
        image.load()
        image = _rgb(image)  # under the same name, so that what it was made of goes
        image = _upright(image, still.orientation)
        return Raster(*image.size, image.tobytes())
    except (MemoryError, Image.DecompressionBombError):
        return _too_large("The photo needs more memory than there is.")
    except _DECODER_ERRORS:
        return _damaged()


def _rgb(image: Image.Image) -> Image.Image:
    if image.mode.startswith("I;16"):
        is_big_endian = image.mode == "I;16B"
        high = image.tobytes()[0 if is_big_endian else 1 :: 2]
        return Image.frombytes("L", image.size, high).convert("RGB")
    if image.has_transparency_data:
        rgba = image.convert("RGBA")
        backdrop = Image.new("RGB", image.size, MID_GREY)
        backdrop.paste(rgba, mask=rgba.getchannel("A"))
        return backdrop
    return image if image.mode == "RGB" else image.convert("RGB")


def _upright(image: Image.Image, orientation: int) -> Image.Image:
    """Undo an EXIF orientation (Exif 2.32 §4.6.4): where row 0 and column 0 lie in the scene."""
    undo = _UNDO.get(orientation)
    return image if undo is None else image.transpose(undo)


# --- Files that are something else ----------------------------------------------------------------

_SIGNATURES: tuple[tuple[int, bytes, str], ...] = (
    (0, b"GIF8", "a GIF"),
    (0, b"BM", "a BMP"),
    (0, b"II*\0", "a TIFF or camera raw file"),
    (0, b"MM\0*", "a TIFF or camera raw file"),
    (0, b"II+\0", "a BigTIFF"),
    (0, b"MM\0+", "a BigTIFF"),
    (4, b"ftypavi", "an AVIF"),
    (4, b"ftyphe", "a HEIC"),
    (4, b"ftypmif1", "a HEIF"),
    (4, b"ftypmsf1", "a HEIF"),
    (4, b"ftypcrx", "a camera raw file"),
    (4, b"ftyp", "a video"),
    (0, b"\x1a\x45\xdf\xa3", "a video"),
    (8, b"AVI ", "a video"),
    (0, b"\0\0\0\x0cJXL ", "a JPEG XL"),
    (0, b"\xff\x0a", "a JPEG XL"),
    (0, b"\0\0\0\x0cjP  ", "a JPEG 2000"),
    (0, b"\xff\x4f\xff\x51", "a JPEG 2000"),
    (0, b"8BPS", "a Photoshop document"),
    (0, b"FUJIFILMCCD-RAW", "a camera raw file"),
    (0, b"\0\0\1\0", "an icon"),
    (0, b"%PDF-", "a PDF document"),
)


def _unrecognised(data: bytes) -> Refusal:
    if not data:
        return _not_an_image("The file is empty.")
    for offset, signature, name in _SIGNATURES:
        if data.startswith(signature, offset):
            return _unsupported(name)
    return _not_an_image(
        "The file is text, not a photo." if _is_text(data) else "The file is not a photo."
    )


def _is_text(data: bytes) -> bool:
    start = data[:4096]
    if start.startswith((b"\xff\xfe", b"\xfe\xff")):
        return True
    return "\0" not in (words := start.decode("utf-8", "ignore")) and len(words) * 2 > len(start)


def _unsupported(what: str) -> Refusal:
    return Refusal(
        Code.UNSUPPORTED_FORMAT,
        f"The file looks like {what}; Chiso reads JPEG, PNG and WebP.",
        "Open it in a photo app, export it as JPEG, and use that.",
    )


def _not_an_image(message: str) -> Refusal:
    return Refusal(Code.NOT_AN_IMAGE, message, "Choose a photo: a JPEG, PNG or WebP file.")


def _too_large(message: str) -> Refusal:
    return Refusal(Code.IMAGE_TOO_LARGE, message, "Make the photo smaller and try again.")


def _damaged() -> Refusal:
    return Refusal(
        Code.DAMAGED_IMAGE,
        "The photo is damaged or incomplete.",
        "Copy or download it again, or take a new one.",
    )
