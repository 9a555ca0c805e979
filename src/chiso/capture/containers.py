"""Reads the structure of JPEG, PNG and WebP files, and keeps only the parts that make pixels.

Nothing here decompresses anything. Each reader walks the file's own parts once, in time linear in
its length, and rebuilds it without profiles, text, thumbnails, further pictures or trailers, so
that no decoder ever sees them. The one thing read from the metadata is the EXIF orientation.
"""

from __future__ import annotations

import re
import struct
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

Format = Literal["JPEG", "PNG", "WEBP"]

_MAX_PARTS = 100_000
"""More segments or chunks than this is an attack on the reader: a 32 MiB photo has thousands."""
_MAX_SCANS = 100
"""A progressive JPEG has about ten; each costs a pass over the whole picture."""

_EXIF_PREFIX = b"Exif\0\0"
_RGB_ARRAY_BYTES = 6
"""Twice three, while rows are joined. Turning the picture takes less: Pillow's, twice."""
_PILLOW_BYTES = 4
_COEFFICIENT_BYTES = 2


@dataclass(frozen=True, slots=True)
class Still:
    """What a file's structure says about its first picture, before any of it is decompressed."""

    format: Format
    width_px: int
    height_px: int
    memory_bytes_per_px: int
    """Upper estimate of all buffers alive at once while the picture is decoded to RGB."""
    orientation: int
    """EXIF orientation, 1 to 8; 1 (upright) where the file has none or an illegal one."""
    animated: bool
    complete: bool
    """Every part that the format demands is there, in whole, with the right checksum."""
    unsupported: str | None
    """What kind of file within the format this is, where the decoder does not read that kind."""
    stripped: bytes
    """The file again, with nothing in it but what makes the first picture's pixels."""


def exif_orientation(tiff: bytes) -> int:
    """Orientation tag (0x0112) of the first directory of an EXIF block; 1 where there is none.

    `tiff` starts at the TIFF header. Exif 2.32 §4.6.4; legal values are 1 to 8.
    """
    if tiff[:4] == b"II*\0":
        order: Literal["little", "big"] = "little"
    elif tiff[:4] == b"MM\0*":
        order = "big"
    else:
        return 1
    directory = int.from_bytes(tiff[4:8], order)
    entries = int.from_bytes(tiff[directory : directory + 2], order)
    for index in range(entries):
        entry = tiff[directory + 2 + 12 * index : directory + 14 + 12 * index]
        if len(entry) < 12:
            return 1
        tag, kind = int.from_bytes(entry[:2], order), int.from_bytes(entry[2:4], order)
        if tag == 0x0112:
            size = {3: 2, 4: 4}.get(kind, 0)
            value = int.from_bytes(entry[8 : 8 + size], order)
            return value if 1 <= value <= 8 else 1
    return 1


# --- JPEG (ITU-T T.81 Annex B) --------------------------------------------------------------------

_TEM, _SOI, _EOI, _SOS, _COM = 0x01, 0xD8, 0xD9, 0xDA, 0xFE
_APP0, _APP1, _APP14, _APP15 = 0xE0, 0xE1, 0xEE, 0xEF
_FRAMES = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
_BASELINE, _EXTENDED, _PROGRESSIVE = 0xC0, 0xC1, 0xC2
_NEXT_MARKER = re.compile(rb"\xff[^\x00\xff\xd0-\xd7]")
"""Neither a stuffed byte, nor fill, nor a restart marker, which belongs to the coded data."""


@dataclass(frozen=True, slots=True)
class _Segment:
    marker: int
    raw: bytes
    """The segment from its marker on; of a scan also the coded data that follow."""
    body: bytes


@dataclass(frozen=True, slots=True)
class _JpegFrame:
    process: int
    precision_bits: int
    height_px: int
    width_px: int
    components: int


def read_jpeg(data: bytes) -> Still | None:
    """Structure of a JPEG's first picture; None where no frame header can be read.

    A multi-picture file (MPO, Ultra HDR) ends, here, at its first picture's end. Of the
    application segments only JFIF and Adobe are kept, for they decide the colour transform.
    """
    segments = list(_segments(data))
    headers = [segment for segment in segments if segment.marker in _FRAMES]
    frame = _jpeg_frame(headers[0]) if headers else None
    if frame is None:
        return None
    scans = [segment for segment in segments if segment.marker == _SOS and segment.body]
    whole = segments[-1].marker == _EOI and len(headers) == 1 and 0 < len(scans) <= _MAX_SCANS
    return Still(
        format="JPEG",
        width_px=frame.width_px,
        height_px=frame.height_px,
        memory_bytes_per_px=_jpeg_memory_bytes_per_px(frame, scans),
        orientation=_jpeg_orientation(segments),
        animated=False,
        complete=whole,
        unsupported=_unsupported_jpeg(frame),
        stripped=data[:2] + b"".join(segment.raw for segment in segments if _makes_pixels(segment)),
    )


def _segments(data: bytes) -> Iterator[_Segment]:
    """Segments after the start of image, up to and with the first end of image, or as far as legal.

    Bytes between segments that belong to neither are skipped, as every decoder does.
    """
    position = 2
    for _ in range(_MAX_PARTS):
        found = _NEXT_MARKER.search(data, position)
        if found is None:
            return
        start, marker = found.start(), data[found.end() - 1]
        if marker == _EOI:
            yield _Segment(marker, data[start : start + 2], b"")
            return
        if marker == _TEM:
            position = start + 2
            continue
        length = int.from_bytes(data[start + 2 : start + 4], "big")
        position = start + 2 + length
        if marker == _SOI or length < 2 or position > len(data):
            return
        body = data[start + 4 : position]
        if marker == _SOS:
            following = _NEXT_MARKER.search(data, position)
            position = following.start() if following else len(data)
        yield _Segment(marker, data[start:position], body)


def _jpeg_frame(segment: _Segment) -> _JpegFrame | None:
    body = segment.body
    if len(body) < 6 or len(body) != 6 + 3 * body[5]:
        return None
    frame = _JpegFrame(segment.marker, *struct.unpack(">BHHB", body[:6]))
    return frame if frame.width_px and frame.height_px else None


def _jpeg_orientation(segments: Sequence[_Segment]) -> int:
    for segment in segments:
        if segment.marker == _APP1 and segment.body.startswith(_EXIF_PREFIX):
            return exif_orientation(segment.body.removeprefix(_EXIF_PREFIX))
    return 1


def _jpeg_memory_bytes_per_px(frame: _JpegFrame, scans: Sequence[_Segment]) -> int:
    """Pillow's image (twice for CMYK), the array, all coefficients where one scan is not all."""
    several_scans = any(scan.body[0] < frame.components for scan in scans[:1])
    buffered = frame.process == _PROGRESSIVE or several_scans
    return (
        _PILLOW_BYTES * (2 if frame.components == 4 else 1)
        + _RGB_ARRAY_BYTES
        + (_COEFFICIENT_BYTES * frame.components if buffered else 0)
    )


def _makes_pixels(segment: _Segment) -> bool:
    if segment.marker == _APP0:
        return segment.body.startswith(b"JFIF\0") and len(segment.body) >= 14
    if segment.marker == _APP14:
        return segment.body.startswith(b"Adobe") and len(segment.body) >= 12
    return segment.marker != _COM and not _APP0 <= segment.marker <= _APP15


def _unsupported_jpeg(frame: _JpegFrame) -> str | None:
    if frame.process not in (_BASELINE, _EXTENDED, _PROGRESSIVE):
        return "a lossless or arithmetic-coded JPEG"
    if frame.precision_bits != 8:
        return f"a {frame.precision_bits}-bit JPEG"
    if frame.components not in (1, 3, 4):
        return f"a JPEG of {frame.components} components"
    return None


# --- PNG (W3C PNG, third edition) -----------------------------------------------------------------

PNG_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_GREY_ALPHA, _RGB_ALPHA, _PALETTE = 4, 6, 3
_DEPTHS = {0: (1, 2, 4, 8, 16), 2: (8, 16), 3: (1, 2, 4, 8), 4: (8, 16), 6: (8, 16)}
"""Legal bit depths of each colour type (table 8)."""
_MAX_PALETTE_ALPHA_BYTES = 256


@dataclass(frozen=True, slots=True)
class _Chunk:
    kind: bytes
    raw: bytes
    body: bytes


def read_png(data: bytes) -> Still | None:
    """Structure of a PNG; None where its header (IHDR) cannot be read.

    Transparency is kept for palettes and alpha channels. A colour key (tRNS of a grey or RGB
    image) is dropped: photos have none, and its pixels still carry their colour.
    """
    if data[8:16] != b"\0\0\0\x0dIHDR" or len(data) < 33:
        return None
    width_px, height_px, depth, colour = struct.unpack(">IIBB", data[16:26])
    if not width_px or not height_px or depth not in _DEPTHS.get(colour, ()):
        return None
    chunks = list(_png_chunks(data))
    kinds = {chunk.kind for chunk in chunks}
    unknown = {kind for kind in kinds - _PNG_CRITICAL if not kind[0] & 0x20}
    blended = colour in (_PALETTE, _GREY_ALPHA, _RGB_ALPHA)
    kept = [chunk.raw for chunk in chunks if _paints(chunk, colour)]
    exif = next((chunk.body for chunk in chunks if chunk.kind == b"eXIf"), b"")
    return Still(
        format="PNG",
        width_px=width_px,
        height_px=height_px,
        memory_bytes_per_px=_PILLOW_BYTES * (3 if blended else 1) + _RGB_ARRAY_BYTES,
        orientation=exif_orientation(exif),
        animated=b"acTL" in kinds,
        complete={b"IHDR", b"IDAT", b"IEND"} <= kinds and not unknown,
        unsupported=None,
        stripped=PNG_SIGNATURE + b"".join(kept),
    )


_PNG_CRITICAL = frozenset((b"IHDR", b"PLTE", b"IDAT", b"IEND"))


def _png_chunks(data: bytes) -> Iterator[_Chunk]:
    """Chunks up to and with IEND, or up to the first that is cut or fails its checksum."""
    position = 8
    for _ in range(_MAX_PARTS):
        length = int.from_bytes(data[position : position + 4], "big")
        raw = data[position : position + 12 + length]
        if len(raw) < 12 + length or zlib.crc32(raw[4:-4]) != int.from_bytes(raw[-4:], "big"):
            return
        yield _Chunk(raw[4:8], raw, raw[8:-4])
        if raw[4:8] == b"IEND":
            return
        position += len(raw)


def _paints(chunk: _Chunk, colour: int) -> bool:
    if chunk.kind == b"tRNS":
        return colour == _PALETTE and len(chunk.body) <= _MAX_PALETTE_ALPHA_BYTES
    return chunk.kind in _PNG_CRITICAL


# --- WebP (RFC 9649) ------------------------------------------------------------------------------

_VP8X_ALPHA, _VP8X_ANIMATED = 0x10, 0x02


def read_webp(data: bytes) -> Still | None:
    """Structure of a WebP; None where neither a canvas nor a picture header can be read."""
    end = 8 + int.from_bytes(data[4:8], "little")
    chunks = list(_riff_chunks(data[:end]))
    first = {chunk.kind: chunk for chunk in reversed(chunks)}
    canvas = _canvas_size(first[b"VP8X"]) if b"VP8X" in first else None
    pictures = [chunk for chunk in chunks if chunk.kind in (b"VP8 ", b"VP8L")]
    picture = _picture_size(pictures[0]) if pictures else None
    size = canvas or picture
    if size is None:
        return None
    exif = first[b"EXIF"].body.removeprefix(_EXIF_PREFIX) if b"EXIF" in first else b""
    paint = b"".join(chunk.raw for chunk in pictures[:1])
    if b"ALPH" in first:
        paint = _alpha_canvas(size) + first[b"ALPH"].raw + paint
    return Still(
        format="WEBP",
        width_px=size[0],
        height_px=size[1],
        # libwebp's animation decoder holds the canvas twice and Pillow copies it twice, as RGBA;
        # alpha is composited in one more.
        memory_bytes_per_px=5 * _PILLOW_BYTES + _RGB_ARRAY_BYTES,
        orientation=exif_orientation(exif),
        animated=bool({b"ANIM", b"ANMF"} & first.keys())
        or (canvas is not None and bool(first[b"VP8X"].body[0] & _VP8X_ANIMATED)),
        complete=picture == size and len(data) >= end,
        unsupported=None,
        stripped=b"RIFF" + (4 + len(paint)).to_bytes(4, "little") + b"WEBP" + paint,
    )


def _riff_chunks(data: bytes) -> Iterator[_Chunk]:
    """Chunks after the WebP header, up to the first that is cut, padded to an even length."""
    position = 12
    for _ in range(_MAX_PARTS):
        length = int.from_bytes(data[position + 4 : position + 8], "little")
        body = data[position + 8 : position + 8 + length]
        if position + 8 > len(data) or len(body) < length:
            return
        raw = data[position : position + 8] + body + b"\0" * (length % 2)
        yield _Chunk(raw[:4], raw, body)
        position += len(raw)


def _alpha_canvas(size: tuple[int, int]) -> bytes:
    edges = b"".join((side - 1).to_bytes(3, "little") for side in size)
    return b"VP8X" + (10).to_bytes(4, "little") + bytes((_VP8X_ALPHA, 0, 0, 0)) + edges


def _canvas_size(chunk: _Chunk) -> tuple[int, int] | None:
    if len(chunk.body) < 10:
        return None
    width, height = chunk.body[4:7], chunk.body[7:10]
    return 1 + int.from_bytes(width, "little"), 1 + int.from_bytes(height, "little")


def _picture_size(chunk: _Chunk) -> tuple[int, int] | None:
    """Width and height of a VP8 key frame (RFC 6386 §9.1) or a VP8L picture (RFC 9649 §3.4)."""
    body = chunk.body
    if chunk.kind == b"VP8 " and body[3:6] == b"\x9d\x01\x2a" and len(body) >= 10:
        width, height = struct.unpack("<HH", body[6:10])
        return (width & 0x3FFF, height & 0x3FFF) if width & 0x3FFF and height & 0x3FFF else None
    if chunk.kind == b"VP8L" and body[:1] == b"\x2f" and len(body) >= 5:
        packed = int.from_bytes(body[1:5], "little")
        return 1 + (packed & 0x3FFF), 1 + (packed >> 14 & 0x3FFF)
    return None
