"""A fitted normaliser as a plain document: JSON of its numbers, arrays as base64 of float32."""

from __future__ import annotations

import hashlib
import json
from base64 import b64decode, b64encode
from dataclasses import fields
from math import prod
from typing import Any, TypeVar

import numpy as np

FORMAT = 1
_Kind = TypeVar("_Kind")


def document_of(fitted: Any) -> str:
    """The one document of a normaliser: every field of its dataclass, keys sorted.

    Arrays are float32, little-endian, C order, and are exact; so is every number.
    """
    values = {each.name: _written(getattr(fitted, each.name)) for each in fields(fitted)}
    document = {"format": FORMAT, "name": fitted.name, **values}
    return json.dumps(document, sort_keys=True, separators=(",", ":"), allow_nan=False)


def digest_of(fitted: Any) -> str:
    """Hex SHA-256 of the document."""
    return hashlib.sha256(document_of(fitted).encode()).hexdigest()


def read(kind: type[_Kind], document: dict[str, Any]) -> _Kind:
    """The normaliser that a parsed document describes.

    Raises ValueError, KeyError or TypeError where it is not one of this kind.
    """
    known = [each.name for each in fields(kind)]  # type: ignore[arg-type]
    unknown = document.keys() - {*known, "format", "name"}
    if document["format"] != FORMAT or unknown:
        raise ValueError(f"format {document['format']!r}, with {sorted(unknown)}, is not known")
    return kind(**{name: _read(document[name]) for name in known})


def require_rows(rows: Any, beside: Any, columns: tuple[int, ...]) -> None:
    """Raise ValueError unless `beside` has an entry for each row of the matrix `rows`.

    `columns`: the shape of one entry. A matrix without a row is none.
    """
    shape, other = np.shape(rows), np.shape(beside)
    if len(shape) != 2 or shape[0] == 0 or other != (shape[0], *columns):
        raise ValueError(f"arrays of shapes {shape} and {other} do not belong together")


def _written(value: Any) -> Any:
    if not isinstance(value, np.ndarray):
        return value
    exact = np.ascontiguousarray(value, dtype="<f4")
    if not np.isfinite(exact).all():
        raise ValueError("a normaliser holds finite numbers only")
    return {"shape": list(exact.shape), "float32": b64encode(exact.tobytes()).decode()}


def _read(value: Any) -> Any:
    if not isinstance(value, dict):
        if not isinstance(value, (int, float)) or isinstance(value, bool):
            raise TypeError(f"{value!r} is not a number")
        return value
    shape = tuple(int(size) for size in value["shape"])
    content = b64decode(value["float32"], validate=True)
    if len(content) != 4 * prod(shape):
        raise ValueError(f"{len(content)} bytes are not an array of shape {shape}")
    array = np.frombuffer(content, dtype="<f4").reshape(shape).astype(np.float32)
    if not np.isfinite(array).all():
        raise ValueError("a normaliser holds finite numbers only")
    return array
