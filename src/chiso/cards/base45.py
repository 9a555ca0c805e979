"""Base45 (RFC 9285): bytes in the 45 characters that a QR code packs best."""

from __future__ import annotations

_ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ $%*+-./:"
_VALUES = {character: value for value, character in enumerate(_ALPHABET)}
_BASE = len(_ALPHABET)


def encoded(content: bytes) -> str:
    """Two bytes as three characters, a last single one as two (RFC 9285 §4)."""
    text: list[str] = []
    for start in range(0, len(content), 2):
        pair = content[start : start + 2]
        number = int.from_bytes(pair, "big")
        for _ in range(len(pair) + 1):
            number, digit = divmod(number, _BASE)
            text.append(_ALPHABET[digit])
    return "".join(text)


def decoded(text: str) -> bytes:
    """What `encoded` wrote. Raises ValueError for anything else."""
    content = bytearray()
    for start in range(0, len(text), 3):
        part = text[start : start + 3]
        try:
            number = sum(_VALUES[each] * _BASE**place for place, each in enumerate(part))
            content += number.to_bytes(len(part) - 1, "big")
        except (KeyError, OverflowError) as error:
            raise ValueError(f"{part!r} is no Base45") from error
    if encoded(bytes(content)) != text:
        raise ValueError("a lone character is no Base45")
    return bytes(content)
