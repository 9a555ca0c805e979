"""Files that attack a decoder, each by its name; all drawn, none of them anyone's photo."""

from __future__ import annotations

import struct
import zlib

from PIL import Image
from tests.hostile.containers import PNG_SIGNATURE, Part, joined, parts_of, png_chunk
from tests.hostile.drawn import drawn, saved

_IEND = Part(b"IEND", b"")


def attacks() -> dict[str, bytes]:
    """File names, and what is in them."""
    return {**_bombs(), **_contradictions(), **_odd_pictures()}


def seeds() -> list[bytes]:
    """Well-formed files of every kind that the decoder reads, to be mutated."""
    picture, exif = drawn(48, 40), Image.Exif()
    exif[0x0112] = 6
    alpha = picture.convert("RGBA")
    alpha.putalpha(Image.linear_gradient("L").resize(picture.size))
    frames = [drawn(32, 32, blue) for blue in (0, 99, 255)]
    animated = {"save_all": True, "append_images": frames[1:], "duration": 40}
    return [
        saved(picture, "JPEG", exif=exif),
        saved(picture, "JPEG", progressive=True, quality=60),
        saved(picture, "JPEG", restart_marker_blocks=2, subsampling=2),
        saved(picture.convert("L"), "JPEG"),
        saved(picture.convert("CMYK"), "JPEG"),
        saved(picture, "MPO", save_all=True, append_images=frames[:1]),
        saved(picture, exif=exif),
        saved(picture.convert("P"), transparency=3),
        saved(picture.convert("1")),
        saved(picture.convert("LA")),
        saved(alpha),
        _png(24, 20, _deep(24, 20), depth=16),
        saved(frames[0], "PNG", **animated),
        saved(picture, "WEBP", exif=exif),
        saved(alpha, "WEBP", quality=70),
        saved(alpha, "WEBP", lossless=True),
        saved(frames[0], "WEBP", **animated),
    ]


def _png(
    width_px: int, height_px: int, rows: bytes, depth: int = 8, colour: int = 2, laced: int = 0
) -> bytes:
    header = struct.pack(">IIBBBBB", width_px, height_px, depth, colour, 0, 0, laced)
    parts = [Part(b"IHDR", header), Part(b"IDAT", zlib.compress(rows)), _IEND]
    return PNG_SIGNATURE + b"".join(map(png_chunk, parts))


def _deep(width_px: int, height_px: int) -> bytes:
    row = b"".join(struct.pack(">HHH", 900 * x, 65535 - 900 * x, 7) for x in range(width_px))
    return (b"\0" + row) * height_px


def _with_part(data: bytes, part: Part) -> bytes:
    first, *rest = parts_of(data)
    return joined(data, [first, part, *rest])


def _bombs() -> dict[str, bytes]:
    picture = saved(drawn())
    profile = b"icc\0\0" + zlib.compress(bytes(50_000_000), 9)
    text = b"Comment\0\0" + zlib.compress(b"a" * 50_000_000, 9)
    scans = saved(drawn(), "JPEG", progressive=True)
    *others, end = parts_of(scans)
    jpeg = parts_of(saved(drawn(), "JPEG"))
    return {
        "png-claims-60000-by-60000.png": _png(60_000, 60_000, bytes(99)),
        "png-claims-8000-by-8000-holds-nothing.png": _png(8000, 8000, b""),
        "png-inflates-to-50-megabytes-more-than-its-size.png": _png(16, 16, bytes(50_000_000)),
        "png-profile-inflates-to-50-megabytes.png": _with_part(picture, Part(b"iCCP", profile)),
        "png-text-inflates-to-50-megabytes.png": _with_part(picture, Part(b"zTXt", text)),
        "jpeg-claims-65535-by-65535.jpg": joined(scans, _resized(jpeg, 65535)),
        "jpeg-claims-7900-by-7900-holds-64-by-48.jpg": joined(scans, _resized(jpeg, 7900)),
        "jpeg-claims-6000-by-6000-holds-64-by-48.jpg": joined(scans, _resized(jpeg, 6000)),
        "jpeg-of-1000-scans.jpg": joined(scans, [*others, *[others[-1]] * 1000, end]),
        "webp-claims-16777216-by-16777216.webp": _webp(Part(b"VP8X", bytes(4) + b"\xff" * 6)),
        "webp-claims-16384-by-16384.webp": _webp(Part(b"VP8L", b"\x2f\xff\xff\xff\x0f")),
        "webp-claims-5000-by-5000-holds-nothing.webp": _webp(
            Part(b"VP8L", b"\x2f" + (4999 | 4999 << 14).to_bytes(4, "little"))
        ),
    }


def _webp(*parts: Part) -> bytes:
    return joined(b"RIFF", list(parts))


def _resized(jpeg: list[Part], side_px: int) -> list[Part]:
    return [
        Part(part.kind, part.body[:1] + struct.pack(">HH", side_px, side_px) + part.body[5:])
        if part.kind == b"\xff\xc0"
        else part
        for part in jpeg
    ]


def _contradictions() -> dict[str, bytes]:
    jpeg, png, webp = saved(drawn(), "JPEG"), saved(drawn()), saved(drawn(), "WEBP")
    looped = b"MM\0*\0\0\0\x08\xff\xff" + b"\x01\x0f\0\4\0\0\0\1\0\0\0\x08" * 40
    exif = Part(b"\xff\xe1", b"Exif\0\0" + looped)
    palette = saved(drawn().convert("P"))
    frame = next(part for part in parts_of(jpeg) if part.kind == b"\xff\xc0")
    return {
        "jpeg-exif-points-at-itself.jpg": _with_part(jpeg, exif),
        "jpeg-of-two-frames.jpg": _with_part(jpeg, frame),
        "jpeg-cut-in-its-scan.jpg": jpeg[: len(jpeg) * 3 // 4] + b"\xff\xd9",
        "jpeg-segment-longer-than-the-file.jpg": joined(jpeg, parts_of(jpeg), length_off=60_000),
        "png-chunk-of-two-gigabytes.png": joined(png, parts_of(png), length_off=2**31 - 1),
        "png-checksums-wrong.png": joined(png, parts_of(png), mended=False),
        "png-transparency-longer-than-its-palette.png": _with_part(
            palette, Part(b"tRNS", bytes(4000))
        ),
        "png-interlaced-and-cut.png": _png(64, 48, bytes(700), laced=1),
        "png-palette-missing.png": joined(
            palette, [part for part in parts_of(palette) if part.kind != b"PLTE"]
        ),
        "png-of-depth-3.png": _png(16, 16, bytes(700), depth=3),
        "webp-canvas-larger-than-its-picture.webp": _webp(
            Part(b"VP8X", bytes(4) + b"\x63\0\0" * 2), *parts_of(webp)
        ),
        "webp-chunk-of-two-gigabytes.webp": joined(webp, parts_of(webp) * 2, length_off=2**31),
        "not-a-photo-but-a-script.jpg": b"#!/bin/sh\nrm -rf /\n",
        "not-a-photo-but-an-svg.png": b"<?xml version='1.0'?><svg onload='alert(1)'/>",
    }


def _odd_pictures() -> dict[str, bytes]:
    every = dict(zip(_ODD, (seeds()[number] for number in _ODD.values()), strict=True))
    return {"gif-named-jpg.jpg": saved(drawn(), "GIF"), **every}


_ODD = {
    "jpeg-turned-by-exif.jpg": 0,
    "jpeg-cmyk.jpg": 4,
    "jpeg-of-several-pictures.jpg": 5,
    "png-16-bit.png": 11,
    "png-animated.png": 12,
    "webp-animated.webp": 16,
}
