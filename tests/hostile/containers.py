"""Photos taken apart into the parts of their format, and put together again."""

from __future__ import annotations

import struct
import zlib
from dataclasses import dataclass

PNG_SIGNATURE = b"\x89PNG\r\n\x1a\n"


@dataclass(frozen=True, slots=True)
class Part:
    """A JPEG segment (kind: its marker), a PNG chunk or a RIFF chunk."""

    kind: bytes
    body: bytes
    coded: bytes = b""
    """What follows a JPEG's scan header up to the next marker."""


def parts_of(data: bytes) -> list[Part]:
    """The parts of a well-formed file."""
    if data.startswith(b"\xff\xd8"):
        return _jpeg_parts(data)
    return _png_parts(data) if data.startswith(PNG_SIGNATURE) else _webp_parts(data)


def joined(like: bytes, parts: list[Part], *, length_off: int = 0, mended: bool = True) -> bytes:
    """A file of the format of `like`.

    `length_off` is added to the length that the last but one part claims; without `mended`, a PNG's
    checksums are wrong.
    """
    off = [length_off if number == len(parts) - 2 else 0 for number in range(len(parts))]
    if like.startswith(b"\xff\xd8"):
        return b"\xff\xd8" + b"".join(map(_segment, parts, off))
    if like.startswith(PNG_SIGNATURE):
        return PNG_SIGNATURE + b"".join(map(png_chunk, parts, off, [mended] * len(parts)))
    body = b"WEBP" + b"".join(map(_riff_chunk, parts, off))
    return b"RIFF" + struct.pack("<I", len(body)) + body


def png_chunk(part: Part, off: int = 0, mended: bool = True) -> bytes:
    """A PNG chunk; its length is wrong by `off`, its checksum right if `mended`."""
    checksum = zlib.crc32(part.kind + part.body) ^ (0 if mended else 1)
    length = max(0, len(part.body) + off) & 0xFFFFFFFF
    return struct.pack(">I", length) + part.kind + part.body + struct.pack(">I", checksum)


def _jpeg_parts(data: bytes) -> list[Part]:
    parts, position = [], 2
    while data[position : position + 2] != b"\xff\xd9":
        marker, length = data[position : position + 2], int.from_bytes(data[position + 2 :][:2])
        body, end = data[position + 4 : position + 2 + length], position + 2 + length
        position = end
        if marker == b"\xff\xda":
            while data[position] != 0xFF or data[position + 1] in (0, *range(0xD0, 0xD8)):
                position += 1
        parts.append(Part(marker, body, data[end:position]))
    return [*parts, Part(b"\xff\xd9", b"")]


def _segment(part: Part, off: int) -> bytes:
    if part.kind == b"\xff\xd9":
        return part.kind
    length = max(0, len(part.body) + 2 + off) & 0xFFFF
    return part.kind + struct.pack(">H", length) + part.body + part.coded


def _png_parts(data: bytes) -> list[Part]:
    parts, position = [], 8
    while position < len(data):
        length = int.from_bytes(data[position : position + 4])
        parts.append(Part(data[position + 4 :][:4], data[position + 8 :][:length]))
        position += 12 + length
    return parts


def _webp_parts(data: bytes) -> list[Part]:
    parts, position = [], 12
    while position < len(data):
        length = int.from_bytes(data[position + 4 : position + 8], "little")
        parts.append(Part(data[position : position + 4], data[position + 8 :][:length]))
        position += 8 + length + length % 2
    return parts


def _riff_chunk(part: Part, off: int) -> bytes:
    length = max(0, len(part.body) + off) & 0xFFFFFFFF
    return part.kind + struct.pack("<I", length) + part.body + b"\0" * (len(part.body) % 2)
