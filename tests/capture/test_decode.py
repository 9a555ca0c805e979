"""Photos become upright RGB pixels; everything else becomes a refusal, never an exception."""

from __future__ import annotations

import io
import struct
import warnings
import zlib
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageFile, ImageOps, PngImagePlugin

from chiso.capture.decode import decode
from chiso.capture.raster import MID_GREY
from chiso.core.errors import Code, Kind
from chiso.core.samples import BiometricSample, Pixels, Refusal
from chiso.core.settings import DecodeLimits

LIMITS = DecodeLimits()
FORMATS = ("JPEG", "PNG", "WEBP")
ORIENTATION = 0x0112


def scene(width_px: int = 48, height_px: int = 32) -> Image.Image:
    """Smooth, and different in every corner."""
    rows, columns = np.mgrid[:height_px, :width_px]
    red = 40 + 150 * columns / width_px
    green = 30 + 180 * rows / height_px
    pixels = np.stack([red, green, np.full_like(red, 90)], axis=2)
    return Image.fromarray(pixels.astype(np.uint8))


def saved(image: Image.Image, kind: str, **options: Any) -> bytes:
    stream = io.BytesIO()
    image.save(stream, kind, **options)
    return stream.getvalue()


def pixels_of(data: bytes, limits: DecodeLimits = LIMITS) -> Pixels:
    outcome = decode(data, limits)
    assert isinstance(outcome, BiometricSample), outcome
    assert outcome.pixels.dtype == np.uint8
    assert outcome.pixels.ndim == 3
    assert outcome.pixels.shape[2] == 3
    assert outcome.pixels.flags.c_contiguous
    return outcome.pixels


def code_of(data: bytes, limits: DecodeLimits = LIMITS) -> Code:
    outcome = decode(data, limits)
    assert isinstance(outcome, Refusal)
    assert outcome.code.kind is Kind.REFUSED_SAMPLE
    assert outcome.message
    assert outcome.hint
    return outcome.code


def png_chunk(kind: bytes, body: bytes = b"") -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def png_of(width_px: int, height_px: int, *chunks: bytes, depth: int = 8, colour: int = 2) -> bytes:
    header = struct.pack(">IIBBBBB", width_px, height_px, depth, colour, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + png_chunk(b"IHDR", header) + b"".join(chunks)


def with_png_chunk(data: bytes, chunk: bytes) -> bytes:
    """The chunk placed straight after the header."""
    return data[:33] + chunk + data[33:]


def with_jpeg_segment(data: bytes, marker: int, body: bytes) -> bytes:
    """The segment placed straight after the start of image."""
    return data[:2] + bytes((0xFF, marker)) + struct.pack(">H", len(body) + 2) + body + data[2:]


def webp_of(*chunks: tuple[bytes, bytes]) -> bytes:
    parts = [
        kind + struct.pack("<I", len(content)) + content + b"\0" * (len(content) % 2)
        for kind, content in chunks
    ]
    body = b"WEBP" + b"".join(parts)
    return b"RIFF" + struct.pack("<I", len(body)) + body


# --- What works -----------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["PNG", "WEBP"])
def test_a_lossless_photo_comes_out_as_it_went_in(kind: str) -> None:
    assert np.array_equal(pixels_of(saved(scene(), kind, lossless=True)), np.asarray(scene()))


@pytest.mark.parametrize("progressive", [False, True])
def test_a_jpeg_comes_out_as_pillow_reads_it(progressive: bool) -> None:
    data = saved(scene(), "JPEG", quality=95, progressive=progressive, restart_marker_blocks=2)
    assert np.array_equal(pixels_of(data), np.asarray(Image.open(io.BytesIO(data))))


@pytest.mark.parametrize("kind", FORMATS)
@pytest.mark.parametrize("orientation", range(1, 9))
def test_exif_orientation_is_applied(kind: str, orientation: int) -> None:
    exif = Image.Exif()
    exif[ORIENTATION] = orientation
    options = {"lossless": True} if kind == "WEBP" else {"quality": 95}
    data = saved(scene(), kind, exif=exif, **options)
    expected = ImageOps.exif_transpose(Image.open(io.BytesIO(data))).convert("RGB")
    assert np.array_equal(pixels_of(data), np.asarray(expected))


@pytest.mark.parametrize("orientation", [0, 9, 65535])
def test_an_illegal_orientation_means_upright(orientation: int) -> None:
    exif = Image.Exif()
    exif[ORIENTATION] = orientation
    assert pixels_of(saved(scene(), "JPEG", exif=exif)).shape == (32, 48, 3)


@given(tiff=st.sampled_from([b"II*\0", b"MM\0*"]).flatmap(lambda o: st.binary().map(o.__add__)))
def test_hostile_exif_never_costs_the_photo(tiff: bytes) -> None:
    jpeg = with_jpeg_segment(saved(scene(), "JPEG"), 0xE1, b"Exif\0\0" + tiff)
    png = with_png_chunk(saved(scene(), "PNG"), png_chunk(b"eXIf", tiff))
    for data in (jpeg, png):
        assert sorted(pixels_of(data).shape) == [3, 32, 48]


@pytest.mark.parametrize(
    ("mode", "kind"),
    [("1", "PNG"), ("L", "PNG"), ("P", "PNG"), ("L", "JPEG"), ("CMYK", "JPEG"), ("L", "WEBP")],
)
def test_other_pixel_kinds_become_rgb(mode: str, kind: str) -> None:
    image = scene().convert(mode)
    pixels = pixels_of(saved(image, kind, quality=95))
    error = pixels.astype(int) - np.asarray(image.convert("RGB")).astype(int)
    assert np.abs(error).mean() < 4


def test_an_inverted_adobe_cmyk_jpeg_is_read_the_right_way_round() -> None:
    data = saved(Image.new("CMYK", (32, 32), (0, 0, 0, 0)), "JPEG")
    assert b"Adobe" in data
    assert pixels_of(data).min() > 250


def test_sixteen_bit_grey_keeps_its_high_byte() -> None:
    values = np.linspace(0, 65535, 32 * 32).astype(np.uint16).reshape(32, 32)
    pixels = pixels_of(saved(Image.fromarray(values), "PNG"))
    assert np.array_equal(pixels, np.repeat((values >> 8).astype(np.uint8)[..., None], 3, axis=2))


def test_sixteen_bit_rgb_keeps_its_high_byte() -> None:
    values = np.linspace(0, 65535, 32 * 32 * 3).astype(">u2").reshape(32, 32 * 3)
    rows = b"".join(b"\0" + row.tobytes() for row in values)
    data = png_of(
        32, 32, png_chunk(b"IDAT", zlib.compress(rows)), png_chunk(b"IEND"), depth=16, colour=2
    )
    assert np.array_equal(pixels_of(data), (values >> 8).astype(np.uint8).reshape(32, 32, 3))


def test_an_interlaced_png_is_read() -> None:
    image = scene(17, 19)
    passes = [(0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4)]
    passes += [(1, 0, 2, 2), (0, 1, 1, 2)]
    pixels = np.asarray(image)
    rows = b"".join(
        b"\0" + row.tobytes() for x, y, dx, dy in passes for row in pixels[y::dy, x::dx]
    )
    header = struct.pack(">IIBBBBB", 17, 19, 8, 2, 0, 0, 1)
    data = b"\x89PNG\r\n\x1a\n" + png_chunk(b"IHDR", header)
    data += png_chunk(b"IDAT", zlib.compress(rows)) + png_chunk(b"IEND")
    assert np.array_equal(pixels_of(data), pixels)


@pytest.mark.parametrize("mode", ["RGBA", "LA"])
@pytest.mark.parametrize("kind", ["PNG", "WEBP"])
def test_transparency_shows_mid_grey(mode: str, kind: str) -> None:
    image = scene().convert(mode)
    image.putalpha(Image.new("L", image.size, 0))
    assert (pixels_of(saved(image, kind, lossless=True)) == MID_GREY).all()


def test_lossy_webp_with_alpha_is_blended() -> None:
    image = scene().convert("RGBA")
    alpha = np.full((32, 48), 255, np.uint8)
    alpha[:, :24] = 0
    image.putalpha(Image.fromarray(alpha))
    pixels = pixels_of(saved(image, "WEBP", quality=90))
    assert (pixels[:, :20] == MID_GREY).all()
    assert np.abs(pixels[:, 30:].astype(int) - np.asarray(scene())[:, 30:]).mean() < 5


def test_a_palette_with_transparency_shows_mid_grey() -> None:
    image = Image.new("P", (32, 32), 1)
    image.putpalette([255, 0, 0, 0, 255, 0])
    assert (pixels_of(saved(image, "PNG", transparency=1)) == MID_GREY).all()


def test_the_first_picture_of_a_multi_picture_jpeg_is_used() -> None:
    second = Image.new("RGB", (20, 20), (255, 0, 0))
    data = saved(scene(), "MPO", save_all=True, append_images=[second])
    assert Image.open(io.BytesIO(data)).format == "MPO"
    assert pixels_of(data).shape == (32, 48, 3)


def test_what_follows_the_picture_is_ignored() -> None:
    for kind in FORMATS:
        data = saved(scene(), kind)
        assert np.array_equal(pixels_of(data + b"\0video" * 99), pixels_of(data))


def test_a_colour_profile_is_ignored_whatever_it_holds() -> None:
    plain = pixels_of(saved(scene(), "PNG"))
    bomb = b"profile\0\0" + zlib.compress(bytes(100_000_000))
    data = with_png_chunk(saved(scene(), "PNG"), png_chunk(b"iCCP", bomb))
    assert np.array_equal(pixels_of(data), plain)


def test_text_chunks_that_inflate_to_gigabytes_are_never_inflated(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    info = PngImagePlugin.PngInfo()
    info.add_text("Comment", "x" * 900_000, zip=True)
    data = saved(scene(), "PNG", pnginfo=info)
    data = with_png_chunk(data, png_chunk(b"zTXt", b"a\0\0" + zlib.compress(bytes(50_000_000))))

    def forbidden(*_: object) -> bytes:
        raise AssertionError("metadata was inflated")

    monkeypatch.setattr(PngImagePlugin, "_safe_zlib_decompress", forbidden)
    assert np.array_equal(pixels_of(data), np.asarray(scene()))


# --- What is refused ------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", FORMATS)
def test_a_cut_photo_is_damaged_wherever_it_is_cut(kind: str) -> None:
    data = saved(scene(), kind)
    for length in range(40, len(data) - 1, 7):
        assert code_of(data[:length]) is Code.DAMAGED_IMAGE


@pytest.mark.parametrize("kind", FORMATS)
def test_a_cut_photo_is_damaged_whatever_pillow_was_told(
    kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ImageFile, "LOAD_TRUNCATED_IMAGES", True)
    data = saved(scene(), kind)
    assert code_of(data[: len(data) * 3 // 4]) is Code.DAMAGED_IMAGE


def test_a_changed_byte_in_a_png_is_damage() -> None:
    data = bytearray(saved(scene(), "PNG"))
    data[len(data) // 2] ^= 1
    assert code_of(bytes(data)) is Code.DAMAGED_IMAGE


@pytest.mark.parametrize("options", [{"kind": "PNG"}, {"kind": "WEBP", "lossless": True}])
def test_an_animation_is_refused(options: dict[str, Any]) -> None:
    frames = [Image.new("RGB", (32, 32), (shade, 0, 0)) for shade in (0, 120, 240)]
    data = saved(frames[0], save_all=True, append_images=frames[1:], duration=50, **options)
    assert code_of(data) is Code.ANIMATED


@pytest.mark.parametrize(
    "data",
    [
        png_of(60_000, 60_000),
        png_of(60_000, 60_000, png_chunk(b"IDAT", zlib.compress(bytes(99))), png_chunk(b"IEND")),
        png_of(2**31, 2**31),
        with_jpeg_segment(b"\xff\xd8\xff", 0xC0, struct.pack(">BHHB", 8, 65535, 65535, 1) + b"123"),
        webp_of((b"VP8X", bytes(4) + b"\xff\xff\xff" * 2)),
        webp_of((b"VP8L", b"\x2f\xff\xff\xff\x0f")),
    ],
    ids=["png header only", "png", "png 2**31", "jpeg", "webp canvas", "webp picture"],
)
def test_a_gigantic_header_is_refused_before_anything_is_decoded(
    data: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    def forbidden(*_: object) -> None:
        raise AssertionError("a decoder was started")

    monkeypatch.setattr(ImageFile.ImageFile, "__init__", forbidden)
    assert code_of(data) is Code.IMAGE_TOO_LARGE


def test_more_bytes_than_the_limit_are_refused_unread() -> None:
    data = saved(scene(), "PNG")
    assert code_of(data, DecodeLimits(max_bytes=len(data) - 1)) is Code.IMAGE_TOO_LARGE
    assert pixels_of(data, DecodeLimits(max_bytes=len(data))).size


def test_a_photo_that_would_need_too_much_memory_is_refused() -> None:
    baseline = saved(scene(), "JPEG")
    progressive = saved(scene(), "JPEG", progressive=True)
    limits = DecodeLimits(max_memory_bytes=48 * 32 * 12)
    assert pixels_of(baseline, limits).size
    assert code_of(progressive, limits) is Code.IMAGE_TOO_LARGE


@pytest.mark.parametrize("kind", FORMATS)
def test_one_pixel_is_too_small(kind: str) -> None:
    assert code_of(saved(Image.new("RGB", (1, 1)), kind)) is Code.IMAGE_TOO_SMALL


@pytest.mark.parametrize(("width_px", "height_px"), [(0, 50), (50, 0)])
def test_a_picture_without_area_is_damaged(width_px: int, height_px: int) -> None:
    frame = struct.pack(">BHHB", 8, height_px, width_px, 1) + b"\1\x11\0"
    assert code_of(png_of(width_px, height_px)) is Code.DAMAGED_IMAGE
    assert code_of(with_jpeg_segment(b"\xff\xd8\xff", 0xC0, frame)) is Code.DAMAGED_IMAGE


def test_a_header_that_disagrees_with_its_picture_is_damaged() -> None:
    small = saved(scene(), "WEBP", lossless=True)
    picture = small[small.index(b"VP8L") + 8 :]
    canvas = bytes(4) + (99).to_bytes(3, "little") * 2
    assert code_of(webp_of((b"VP8X", canvas), (b"VP8L", picture))) is Code.DAMAGED_IMAGE


@pytest.mark.parametrize("process", [0xC3, 0xC9])
def test_a_jpeg_of_another_process_is_unsupported(process: int) -> None:
    data = saved(scene(), "JPEG").replace(b"\xff\xc0", bytes((0xFF, process)), 1)
    assert code_of(data) is Code.UNSUPPORTED_FORMAT


def test_a_twelve_bit_jpeg_is_unsupported() -> None:
    data = saved(scene(), "JPEG").replace(b"\xff\xc0\x00\x11\x08", b"\xff\xc0\x00\x11\x0c", 1)
    outcome = decode(data, LIMITS)
    assert isinstance(outcome, Refusal)
    assert outcome.code is Code.UNSUPPORTED_FORMAT
    assert "12-bit" in outcome.message


def test_a_jpeg_with_a_thousand_scans_is_refused() -> None:
    data = saved(scene(), "JPEG", progressive=True)
    start = data.index(b"\xff\xda")
    end = data.index(b"\xff", start + 16)
    assert code_of(data[:start] + data[start:end] * 1000 + data[end:]) is Code.DAMAGED_IMAGE


@pytest.mark.parametrize(
    ("data", "name"),
    [
        (saved(scene(), "GIF"), "GIF"),
        (saved(scene(), "BMP"), "BMP"),
        (saved(scene(), "TIFF"), "TIFF"),
        (saved(scene(), "AVIF"), "AVIF"),
        (b"\0\0\0\x18ftypheic\0\0\0\0mif1heic", "HEIC"),
        (b"\0\0\0\x18ftypmif1\0\0\0\0mif1heic", "HEIF"),
        (b"\0\0\0\x18ftypisom\0\0\2\0isomiso2", "video"),
        (saved(scene(), "JPEG2000"), "JPEG 2000"),
        (saved(scene(), "ICO"), "icon"),
        (b"%PDF-1.7\n", "PDF"),
    ],
)
def test_another_format_is_named_and_told_what_to_do(data: bytes, name: str) -> None:
    outcome = decode(data, LIMITS)
    assert isinstance(outcome, Refusal)
    assert outcome.code is Code.UNSUPPORTED_FORMAT
    assert name in outcome.message
    assert "JPEG" in outcome.hint


@pytest.mark.parametrize(
    ("data", "word"),
    [
        (b"", "empty"),
        (b"Not a photo, but a letter.\n", "text"),
        ("Kein Foto, sondern ein Brief über Füchse".encode(), "text"),
        (b"<html><body>404</body></html>", "text"),
        (b"<?xml version='1.0'?><svg/>", "text"),
        ("letter".encode("utf-16"), "text"),
        (bytes(4096), "not a photo"),
        (b"\x7fELF" + bytes(range(256)), "not a photo"),
    ],
)
def test_what_is_no_picture_is_called_so(data: bytes, word: str) -> None:
    outcome = decode(data, LIMITS)
    assert isinstance(outcome, Refusal)
    assert outcome.code is Code.NOT_AN_IMAGE
    assert word in outcome.message


# --- Hostile files --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "data",
    [
        b"\xff" * 4_000_000,
        b"\xff\xd8" + b"\xff" * 4_000_000,
        b"\xff\xd8" + b"\xff\xfe\0\2" * 1_000_000,
        png_of(50, 50, png_chunk(b"tEXt") * 300_000),
        webp_of(*[(b"EXIF", b"")] * 300_000),
    ],
    ids=["fill bytes", "jpeg fill bytes", "jpeg comments", "png texts", "webp chunks"],
)
def test_millions_of_empty_parts_are_refused(data: bytes) -> None:
    assert code_of(data) in (Code.DAMAGED_IMAGE, Code.NOT_AN_IMAGE)


@pytest.fixture
def narrow_pillow(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Pillow set, by someone else in the process, to warn at all but the smallest pictures."""
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 1000)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        yield


@pytest.mark.parametrize("kind", FORMATS)
@pytest.mark.usefixtures("narrow_pillow")
def test_pillows_own_pixel_limit_neither_warns_nor_raises(kind: str) -> None:
    assert pixels_of(saved(scene(), kind)).shape == (32, 48, 3)


def corpus() -> list[bytes]:
    exif = Image.Exif()
    exif[ORIENTATION] = 6
    alpha = scene().convert("RGBA")
    alpha.putalpha(Image.linear_gradient("L").resize(alpha.size))
    return [
        saved(scene(), "JPEG", exif=exif),
        saved(scene(), "JPEG", progressive=True),
        saved(scene().convert("CMYK"), "JPEG"),
        saved(scene(), "PNG", exif=exif),
        saved(scene().convert("P"), "PNG", transparency=3),
        saved(alpha, "PNG"),
        saved(scene(), "WEBP", exif=exif),
        saved(alpha, "WEBP"),
        saved(alpha, "WEBP", lossless=True),
    ]


CORPUS = corpus()


def is_answered(data: bytes) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        outcome = decode(data, LIMITS)
    if isinstance(outcome, Refusal):
        assert outcome.code.kind is Kind.REFUSED_SAMPLE
    else:
        assert outcome.pixels.dtype == np.uint8
        assert outcome.pixels.shape[2] == 3


def mend_png(data: bytes) -> bytes:
    """The file with every checksum made right, so that damage reaches the decoder."""
    mended, position = bytearray(data), 8
    while position + 12 <= len(data):
        end = position + 8 + int.from_bytes(data[position : position + 4], "big")
        if end + 4 > len(data):
            break
        mended[end : end + 4] = struct.pack(">I", zlib.crc32(data[position + 4 : end]))
        position = end + 4
    return bytes(mended)


@settings(max_examples=400, deadline=None)
@given(
    data=st.sampled_from(CORPUS),
    flips=st.lists(st.tuples(st.floats(0, 1, exclude_max=True), st.integers(1, 255)), max_size=12),
    kept=st.floats(0, 1),
    cut=st.booleans(),
)
def test_flipped_and_cut_files_are_always_answered(
    data: bytes, flips: list[tuple[float, int]], kept: float, cut: bool
) -> None:
    damaged = bytearray(data)
    for place, mask in flips:
        damaged[int(place * len(damaged))] ^= mask
    if cut:
        damaged = damaged[: int(kept * len(damaged))]
    is_answered(bytes(damaged))
    if damaged.startswith(b"\x89PNG"):
        is_answered(mend_png(bytes(damaged)))


@settings(max_examples=200, deadline=None)
@given(
    start=st.sampled_from([b"", b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n", b"RIFF\xff\xff\0\0WEBP"]),
    rest=st.binary(max_size=300),
)
def test_noise_is_always_answered(start: bytes, rest: bytes) -> None:
    is_answered(start + rest)
