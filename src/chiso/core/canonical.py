"""Canonical JSON: the one byte string that a value has, so that it can be hashed and signed."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence

JsonValue = None | bool | int | str | Sequence["JsonValue"] | Mapping[str, "JsonValue"]


def canonical_json(value: JsonValue) -> bytes:
    """RFC 8785 (JCS) bytes of `value`, for the subset without floating-point numbers.

    Keys must be ASCII, so that sorting by code point equals sorting by UTF-16 unit; integers must
    be within ±2^53, which every JSON reader keeps exactly. Else raises TypeError or ValueError.
    """
    _check(value)
    return json.dumps(
        value, ensure_ascii=False, sort_keys=True, separators=(",", ":"), allow_nan=False
    ).encode()


def _check(value: JsonValue) -> None:
    if value is None or isinstance(value, (bool, str)):
        return
    if isinstance(value, int):
        if abs(value) > 2**53:
            raise ValueError(f"{value} is too large for canonical JSON")
        return
    if isinstance(value, Mapping):
        for key, item in value.items():
            if not key.isascii():
                raise TypeError(f"canonical JSON wants ASCII keys, not {key!r}")
            _check(item)
        return
    if isinstance(value, (list, tuple)):
        for item in value:
            _check(item)
        return
    raise TypeError(f"canonical JSON cannot hold {type(value).__name__}")
