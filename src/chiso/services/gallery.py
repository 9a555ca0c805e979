"""The references that a permit allows, decrypted into memory; the others are not even opened."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np

from chiso.compare.search import Gallery
from chiso.core.consent import Permit, SubjectId, Terms
from chiso.core.errors import ChisoError, Code
from chiso.core.storage import ReadTransaction, SealedReference
from chiso.services.home import Home

_ID_BYTES = 36
_BYTES_PER_NUMBER = 4


def gallery_of_all(home: Home, view: ReadTransaction, permit: Permit) -> Gallery:
    """Every permitted reference of the home's model, for a search."""
    capacity = view.count_references(home.model())
    keys = _KeysInStep(home.keystore.keys_in_order())
    return _filled(home, view.references(home.model()), permit, keys.key_of, capacity)


def gallery_of_one(
    home: Home, view: ReadTransaction, permit: Permit, subject_id: SubjectId
) -> Gallery:
    """The permitted references of one person, for a 1:1 comparison.

    Raises ChisoError(REFERENCE_MISSING) where she has none of the home's model.
    """
    key = home.keystore.key(subject_id)
    if key is None:
        raise _key_missing(subject_id)
    rows = list(view.references(home.model(), subject_id))
    gallery = _filled(home, iter(rows), permit, lambda _: key, len(rows))
    if not len(gallery):
        raise ChisoError(
            Code.REFERENCE_MISSING,
            "She agreed, but has no reference made with the model that this home uses.",
            "Enrol her again with a photo, under the same terms; her receipt stays the same.",
        )
    return gallery


class _KeysInStep:
    """Looks keys up in a stream that has the same order as the references do."""

    def __init__(self, keys: Iterator[tuple[SubjectId, bytes]]) -> None:
        self._keys = keys
        self._owner = ""
        self._key = b""

    def key_of(self, subject_id: SubjectId) -> bytes:
        while self._owner < subject_id:
            self._owner, self._key = next(self._keys, ("\x7f", b""))
        if self._owner != subject_id:
            raise _key_missing(subject_id)
        return self._key


def _filled(
    home: Home,
    rows: Iterator[tuple[SealedReference, Terms]],
    permit: Permit,
    key_of: Callable[[SubjectId], bytes],
    capacity: int,
) -> Gallery:
    matrix: np.ndarray[tuple[int, int], np.dtype[np.float32]] | None = None
    subjects = np.empty(capacity, dtype=f"S{_ID_BYTES}")
    count = 0
    allowed, open_sealed, model = permit.receipts, home.vault.open, home.model()
    for reference, terms in rows:
        if reference.receipt_id not in allowed:
            continue
        plain = open_sealed(reference.sealed, terms, model, key_of(reference.subject_id))
        if matrix is None:
            matrix = np.empty((capacity, len(plain) // _BYTES_PER_NUMBER), dtype=np.float32)
        matrix[count] = np.frombuffer(plain, dtype="<f4")
        subjects[count] = reference.subject_id
        count += 1
    if matrix is None:
        matrix = np.empty((0, 0), dtype=np.float32)
    return Gallery(model, matrix[:count], subjects[:count])


def _key_missing(subject_id: SubjectId) -> ChisoError:
    return ChisoError(
        Code.KEY_MISSING,
        f"The keystore has no key for person {subject_id}: her references cannot be opened.",
        "Put the keystore that belongs to this home back. If her key is lost for good, withdraw "
        "her and enrol her again.",
    )
