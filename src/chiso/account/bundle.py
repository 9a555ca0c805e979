"""A bundle: one JSON file from which anyone can check leaves of a log offline, with its history."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from chiso.account.checkpoint import ED25519, VerifierKey, parse_vkey, vkey_text
from chiso.core.errors import ChisoError, Code

FORMAT = "chiso-log-bundle-1"
HASH_BYTES = 32


@dataclass(frozen=True, slots=True)
class BundledLeaf:
    """A leaf, its path to the checkpoint's root, and what it commits to while that exists."""

    seq: int
    leaf_hash: bytes
    inclusion: tuple[bytes, ...]
    salt: bytes | None
    payload: bytes | None


@dataclass(frozen=True, slots=True)
class EarlierCheckpoint:
    """A checkpoint from before, and the proof that the bundle's tree begins with its tree."""

    checkpoint: str
    consistency: tuple[bytes, ...]


@dataclass(frozen=True, slots=True)
class Bundle:
    """What the file holds. `key` is only the file's own word for whose log it is.

    `subject_id`: whose leaves these are, where they are one person's. A bundle cannot show that it
    holds all of them.
    """

    key: VerifierKey
    checkpoint: str
    earlier: tuple[EarlierCheckpoint, ...]
    subject_id: str | None
    leaves: tuple[BundledLeaf, ...]


def bundle_bytes(bundle: Bundle) -> bytes:
    """The file: UTF-8 JSON, indented by one space, with a line end; hashes and salts in hex."""
    head = bundle_start(bundle.key, bundle.checkpoint, bundle.earlier, bundle.subject_id)
    return "".join(bundle_texts(head, bundle.leaves)).encode()


def bundle_start(
    key: VerifierKey,
    checkpoint: str,
    earlier: Sequence[EarlierCheckpoint],
    subject_id: str | None,
) -> str:
    """A bundle's text up to its leaves, for `bundle_texts`."""
    document = {
        "format": FORMAT,
        "key": vkey_text(key),
        "checkpoint": checkpoint,
        "earlier": [
            {"checkpoint": each.checkpoint, "consistency": _hexes(each.consistency)}
            for each in earlier
        ],
        "subject": subject_id,
    }
    return _json(document).removesuffix("\n}")


def bundle_texts(start: str, leaves: Iterable[BundledLeaf]) -> Iterator[str]:
    """A bundle's text piece by piece, a leaf at a time: a log need not fit in memory."""
    yield f'{start},\n "leaves": ['
    between = ""
    for each in leaves:
        leaf = {
            "seq": each.seq,
            "leaf_hash": each.leaf_hash.hex(),
            "inclusion": _hexes(each.inclusion),
            "salt": None if each.salt is None else each.salt.hex(),
            "payload": None if each.payload is None else each.payload.decode(),
        }
        yield f"{between}\n{_json(leaf)}".replace("\n", "\n  ")  # in texts, JSON escapes it
        between = ","
    yield "\n ]\n}\n" if between else "]\n}\n"


def _json(document: object) -> str:
    return json.dumps(document, ensure_ascii=False, indent=1)


def parse_bundle(content: bytes) -> Bundle:
    """Read what `bundle_bytes` writes. Raises ChisoError(BAD_ARGUMENT) where it is none."""
    try:
        document = json.loads(content)
        if document["format"] != FORMAT:
            raise ValueError(f"its format is {document['format']!a}, not {FORMAT!a}")
        key = parse_vkey(_text(document["key"]))
        if key.algorithm != ED25519:
            raise ValueError("its key is not a log's")
        return Bundle(
            key,
            _text(document["checkpoint"]),
            tuple(
                EarlierCheckpoint(_text(each["checkpoint"]), _hashes(each["consistency"]))
                for each in _list(document["earlier"])
            ),
            None if document["subject"] is None else _text(document["subject"]),
            tuple(_leaf(each) for each in _list(document["leaves"])),
        )
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise ChisoError(
            Code.BAD_ARGUMENT,
            f"This is no bundle of a log that this version reads: {_why(error)}.",
            "Give the file that `chiso log bundle` wrote, unchanged.",
        ) from error


def _leaf(said: Any) -> BundledLeaf:
    salt, payload = said["salt"], said["payload"]
    if (salt is None) != (payload is None):
        raise ValueError("a leaf has a salt without a payload, or a payload without a salt")
    if type(said["seq"]) is not int:
        raise TypeError("a leaf's number is none")
    return BundledLeaf(
        said["seq"],
        _hash(said["leaf_hash"]),
        _hashes(said["inclusion"]),
        None if salt is None else _hash(salt),
        None if payload is None else _text(payload).encode(),
    )


def _hashes(said: Any) -> tuple[bytes, ...]:
    return tuple(_hash(each) for each in _list(said))


def _hash(said: Any) -> bytes:
    value = bytes.fromhex(_text(said))
    if len(value) != HASH_BYTES or value.hex() != said:
        raise ValueError(f"a hash or salt is not {HASH_BYTES} bytes in lower-case hex")
    return value


def _list(said: Any) -> list[Any]:
    if not isinstance(said, list):
        raise TypeError(f"{type(said).__name__} where a list belongs")
    return said


def _text(said: Any) -> str:
    if not isinstance(said, str):
        raise TypeError(f"{type(said).__name__} where a text belongs")
    return said


def _hexes(hashes: Sequence[bytes]) -> list[str]:
    return [each.hex() for each in hashes]


def _why(error: Exception) -> str:
    return f"it has no {error}" if isinstance(error, KeyError) else str(error)
