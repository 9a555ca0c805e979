"""The references that a permit allows, decrypted into memory; the others are not even opened."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import TypeVar

import numpy as np

from chiso.compare.search import Gallery
from chiso.core.consent import Mode, Permit, SubjectId, Terms
from chiso.core.errors import ChisoError, Code
from chiso.core.storage import ReadTransaction, WriteTransaction
from chiso.services.home import Home

_ID_BYTES = 36
_ADDED_SETTING = "references-added"

_ATTEMPTS = 3
_Made = TypeVar("_Made")


def in_step(attempt: Callable[[], _Made]) -> _Made:
    """Read store and keystore until they agree.

    They are two files: someone who withdraws between the reading of one and of the other leaves her
    rows in view and her key gone. A key that is missing every time is missing.
    """
    for _ in range(_ATTEMPTS - 1):
        try:
            return attempt()
        except ChisoError as error:
            if error.code is not Code.KEY_MISSING:
                raise
    return attempt()


def note_added(transaction: WriteTransaction, references: int) -> None:
    """Count references that are added, in the transaction that adds them."""
    transaction.put_setting(_ADDED_SETTING, str(added_so_far(transaction) + references))


def added_so_far(view: ReadTransaction) -> int:
    """How many references this home was ever given: another number, and a gallery is too old."""
    return int(view.setting(_ADDED_SETTING) or 0)


def gallery_of_all(home: Home, view: ReadTransaction, permit: Permit) -> Gallery:
    """Every permitted reference of the home's model, for a search.

    Raises ChisoError(REFERENCE_MISSING) where there is none: people agreed, but none of them could
    be found.
    """
    _require(permit, Mode.IDENTIFY)
    keys = KeysInStep(home.keystore.keys_in_order())
    rows = view.sealed_templates(home.model())
    gallery = _filled(home, rows, permit, keys.key_of)
    if not len(gallery):
        raise ChisoError(
            Code.REFERENCE_MISSING,
            "People agreed, but none has a reference made with the model that this home uses.",
            "Enrol them again under the same terms, or go back with `chiso models use`.",
        )
    return gallery


def gallery_of_one(
    home: Home, view: ReadTransaction, permit: Permit, subject_id: SubjectId
) -> Gallery:
    """The permitted references of one person, for a 1:1 comparison.

    Raises ChisoError(REFERENCE_MISSING) where she has none of the home's model.
    """
    _require(permit, Mode.VERIFY)
    key = home.keystore.key(subject_id)

    def own_key(_: SubjectId) -> bytes:
        if key is None:
            raise key_missing(subject_id)
        return key

    rows = view.sealed_templates(home.model(), subject_id)
    gallery = _filled(home, rows, permit, own_key)
    if not len(gallery):
        raise ChisoError(
            Code.REFERENCE_MISSING,
            "She agreed, but has no reference made with the model that this home uses.",
            "If she carries a card, compare with that. Else enrol her again with a photo, under "
            "the same terms; her receipt stays the same.",
        )
    return gallery


def _require(permit: Permit, mode: Mode) -> None:
    if permit.mode is not mode:
        raise ValueError(f"a permit for {permit.mode} does not allow to {mode}")


class KeysInStep:
    """Looks keys up in a stream that has the same order as the references do."""

    def __init__(self, keys: Iterator[tuple[SubjectId, bytes]]) -> None:
        self._keys = keys
        self._owner = ""
        self._key = b""

    def key_of(self, subject_id: SubjectId) -> bytes:
        """Her key; ask for people in order. Raises ChisoError(KEY_MISSING) where there is none."""
        while self._owner < subject_id:
            self._owner, self._key = next(self._keys, ("\x7f", b""))
        if self._owner != subject_id:
            raise key_missing(subject_id)
        return self._key


def _filled(
    home: Home,
    rows: Iterable[tuple[bytes, Terms]],
    permit: Permit,
    key_of: Callable[[SubjectId], bytes],
) -> Gallery:
    """A gallery of those rows that rest on a permitted receipt, in their order.

    Grown in place: for a million references there is no room for a second copy.
    """
    templates, owners, receipts, size_bytes = bytearray(), bytearray(), bytearray(), 0
    allowed, open_sealed, model = permit.receipts, home.vault.open, home.model()
    for sealed, terms in rows:
        if terms.receipt_id not in allowed:
            continue
        plain = open_sealed(sealed, terms, model, key_of(terms.subject_id))
        templates += plain
        owners += terms.subject_id.encode().ljust(_ID_BYTES, b"\x00")
        receipts += terms.receipt_id.encode().ljust(_ID_BYTES, b"\x00")
        size_bytes = len(plain)
    subjects = np.frombuffer(owners, dtype=f"S{_ID_BYTES}")
    numbers = np.frombuffer(templates, dtype="<f4")
    matrix = numbers.reshape(len(subjects), size_bytes // numbers.itemsize)
    return Gallery(model, matrix, subjects, np.frombuffer(receipts, dtype=f"S{_ID_BYTES}"))


def key_missing(subject_id: SubjectId) -> ChisoError:
    """The error for a person without a key."""
    return ChisoError(
        Code.KEY_MISSING,
        f"The keystore has no key for person {subject_id}: her references cannot be opened.",
        "Put back the keystore that belongs to this home, or her key out of a backup with `chiso "
        "restore`. If it is lost for good, withdraw her and enrol her again.",
    )
