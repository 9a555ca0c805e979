"""Hostile photos as a hypothesis strategy: well-formed files, taken apart, twisted and rejoined."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import strategies as st
from tests.hostile.attacks import seeds
from tests.hostile.containers import Part, joined, parts_of

_SEEDS = seeds()
_SIGNATURE_BYTES = 12
"""Left as they are, or most files would be told for no photo and read no further."""
_SIZES = st.sampled_from([0, 1, 15, 16, 47, 48, 255, 4096, 8000, 16383, 65535, 2**24, 2**31 - 1])
_JPEG_KINDS = st.sampled_from(
    [bytes((0xFF, each)) for each in (0xC0, 0xC1, 0xC2, 0xC4, 0xDA, 0xDB, 0xDD, 0xE0, 0xE1, 0xE2)]
    + [bytes((0xFF, each)) for each in (0xC3, 0xC9, 0xCC, 0xD0, 0xD8, 0xDC, 0xEE, 0xFE, 0x01)]
)
_PNG_KINDS = st.sampled_from(
    b"IHDR PLTE IDAT IEND tRNS iCCP eXIf gAMA cHRM sRGB pHYs tEXt zTXt iTXt acTL fcTL fdAT".split()
)
_WEBP_KINDS = st.sampled_from([b"VP8X", b"VP8 ", b"VP8L", b"ALPH", b"ANIM", b"ANMF", b"ICCP"])


@st.composite
def hostile_photos(draw: st.DrawFn) -> bytes:
    """A file that begins as a photo does, and goes wrong somewhere."""
    seed = draw(st.sampled_from(_SEEDS))
    parts = parts_of(seed)
    for _ in range(draw(st.integers(0, 4))):
        parts = _twisted(draw, seed, parts)
    off = draw(st.sampled_from([0, 0, 0, 0, 1, -1, -5, 60_000, 2**31]))
    data = joined(seed, parts, length_off=off, mended=draw(st.integers(0, 9)) > 0)
    for place in draw(st.lists(st.floats(0, 1, exclude_max=True), max_size=2)):
        at = _SIGNATURE_BYTES + int(place * len(data))
        data = data[:at] + bytes((draw(st.integers(0, 255)),)) + data[at + 1 :]
    if draw(st.integers(0, 9)) == 0:
        data = data[: int(draw(st.floats(0.1, 1)) * len(data))]
    return data + (draw(st.binary(max_size=40)) if draw(st.integers(0, 9)) == 0 else b"")


def _twisted(draw: st.DrawFn, seed: bytes, parts: list[Part]) -> list[Part]:
    if not parts:
        return parts
    at = draw(st.integers(0, len(parts) - 1))
    here, before, after = parts[at], parts[:at], parts[at + 1 :]
    match draw(st.integers(0, 8)):
        case 0:
            return [*before, *after]
        case 1:
            return [*before, *[here] * draw(st.sampled_from([2, 3, 120])), *after]
        case 2:
            return [*before, *reversed([here, *after])]
        case 3:
            other = parts_of(draw(st.sampled_from([each for each in _SEEDS if each[0] == seed[0]])))
            return [*before, draw(st.sampled_from(other)), *after]
        case 4:
            new = Part(
                draw(_kinds(seed)), draw(st.binary(max_size=80)), draw(st.binary(max_size=9))
            )
            return [*before, here, new, *after]
        case 5:
            return [*before, replace(here, kind=draw(_kinds(seed))), *after]
        case 6:
            return [*before, replace(here, body=here.body[: draw(st.integers(0, 60))]), *after]
        case 7:
            return [*before, replace(here, body=_flipped(draw, here.body)), *after]
    return [_claiming(draw, each) for each in parts]


def _kinds(seed: bytes) -> st.SearchStrategy[bytes]:
    return {0xFF: _JPEG_KINDS, 0x89: _PNG_KINDS}.get(seed[0], _WEBP_KINDS)


def _flipped(draw: st.DrawFn, body: bytes) -> bytes:
    changed = bytearray(body)
    for place in draw(st.lists(st.floats(0, 1, exclude_max=True), min_size=1, max_size=6)):
        if changed:
            changed[int(place * len(changed))] = draw(st.integers(0, 255))
    return bytes(changed)


def _claiming(draw: st.DrawFn, part: Part) -> Part:
    """The part that tells the picture's size tells another, and other depths and colours."""
    body, wide, high = part.body, draw(_SIZES), draw(_SIZES)
    if part.kind == b"IHDR":
        odd = bytes(draw(st.sampled_from([body[i], 0, 1, 3, 4, 16])) for i in range(8, len(body)))
        return replace(part, body=wide.to_bytes(4) + high.to_bytes(4) + odd)
    if part.kind[:1] == b"\xff" and 0xC0 <= part.kind[1] <= 0xC2:
        sides = (high & 0xFFFF).to_bytes(2) + (wide & 0xFFFF).to_bytes(2)
        return replace(part, body=body[:1] + sides + body[5:])
    if part.kind == b"VP8X":
        sides = b"".join((each & 0xFFFFFF).to_bytes(3, "little") for each in (wide, high))
        return replace(part, body=bytes((draw(st.integers(0, 255)),)) + body[1:4] + sides)
    if part.kind == b"VP8L":
        packed = (wide & 0x3FFF) | (high & 0x3FFF) << 14 | draw(st.integers(0, 15)) << 28
        return replace(part, body=body[:1] + packed.to_bytes(4, "little") + body[5:])
    return part
