"""What a person leaves in the files of a home, and a search of every byte for it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from chiso.core.consent import SubjectId
from chiso.services.demo.cast import Volunteer
from chiso.services.home import Home
from chiso.services.identify import Search

PIECE_BYTES = 16
_MIN_PIECE_BYTES = 8
_PHOTO_SAMPLE_BYTES = 1024
_LARGEST_NUMBER = 1e6
"""A template's numbers are below 1 in size, raw ones below 10; larger ones are other data."""

SAME_TEMPLATE = 0.9
"""Numbers at least this much alike are a copy: rounded to 8 bits a template keeps above 0.99."""

WrappedKey = Callable[[SubjectId], bytes | None]
"""The bytes of a person's wrapped key in the keystore."""


@dataclass(frozen=True, slots=True)
class Trace:
    """Bytes to look for. `stored`: whether a home holds them while the person is enrolled.

    They are cut into pieces of 16 bytes, so that a copy torn over two pages is found as well.
    """

    what: str
    content: bytes
    stored: bool

    def pieces(self) -> tuple[bytes, ...]:
        """The pieces; a short rest, which chance could make, is left out."""
        cut = [
            self.content[start : start + PIECE_BYTES]
            for start in range(0, len(self.content), PIECE_BYTES)
        ]
        return tuple(piece for piece in cut if len(piece) >= _MIN_PIECE_BYTES)

    def found_in(self, files: Mapping[str, bytes]) -> int:
        """How many of the pieces are in any file."""
        return sum(any(piece in content for content in files.values()) for piece in self.pieces())


def traces_of(
    home: Home, person: Volunteer, prepared: Search, wrapped_key: WrappedKey
) -> tuple[tuple[Trace, ...], NDArray[np.float32]]:
    """Everything to look for of a person who is enrolled, and the template itself."""
    with home.store.reading() as view:
        subject = view.subject(person.label)
        if subject is None:
            raise ValueError(f"{person.label} is not enrolled")
        subject_id = subject.subject_id
        (reference, _), *_ = view.references(home.model(), subject_id)
        receipt, *_ = view.receipts(subject_id)
    row = int(np.flatnonzero(prepared.gallery.subjects == subject_id.encode())[0])
    template = prepared.gallery.matrix[row]
    middle = len(person.reference.content) // 2
    photo = person.reference.content[middle : middle + _PHOTO_SAMPLE_BYTES]
    return (
        Trace("name", person.label.encode(), True),
        Trace("receipt's signature", receipt.signature, True),
        Trace("template, encrypted", reference.sealed, True),
        Trace("fingerprint of the photo", reference.photo_tag, True),
        Trace("key, wrapped", wrapped_key(subject_id) or b"", True),
        Trace("key, unwrapped", home.keystore.key(subject_id) or b"", False),
        Trace("template, 32-bit numbers", template.astype("<f4").tobytes(), False),
        Trace("template, 16-bit numbers", template.astype("<f2").tobytes(), False),
        Trace("photo (1 kB of it)", photo, False),
    ), template


def files_of(folder: Path) -> dict[str, bytes]:
    """Content of every file under a folder, by path."""
    return {str(path): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


def closest_likeness(template: NDArray[np.float32], files: Sequence[bytes]) -> float:
    """Largest cosine between a template and any run of numbers in the files, whatever its scale.

    Every offset is read as 16-, 32- and 64-bit floating-point numbers, little-endian. A copy at any
    length (unit or raw) gives 1, and so nearly does one rounded, or one of two mirrored halves.
    """
    return max((_likeness(template, content) for content in files), default=0.0)


def _likeness(template: NDArray[np.float32], content: bytes) -> float:
    unit = template.astype(np.float64) / np.linalg.norm(template)
    best = 0.0
    for number in (np.dtype("<f2"), np.dtype("<f4"), np.dtype("<f8")):
        for offset in range(number.itemsize):
            count = (len(content) - offset) // number.itemsize
            if count < len(unit):
                continue
            values = _plausible(np.frombuffer(content, number, count, offset))
            dots = np.correlate(values, unit, "valid")
            lengths = np.sqrt(np.correlate(values**2, np.ones(len(unit)), "valid"))
            known = lengths > 0
            cosines = np.abs(dots[known]) / lengths[known]
            best = max(best, float(cosines.max(initial=0.0)))
    return best


def _plausible(numbers: NDArray[np.floating]) -> NDArray[np.float64]:
    with np.errstate(invalid="ignore"):  # bytes of other things, read as numbers, may be NaN
        values = numbers.astype(np.float64)
        return np.where(np.abs(values) <= _LARGEST_NUMBER, values, 0.0)
