"""Checking that every stored reference is its owner's: that it opens under her key and terms."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from chiso.core.consent import SubjectId, Terms
from chiso.core.errors import ChisoError, Code
from chiso.core.storage import ReadTransaction, SealedReference
from chiso.core.times import to_text
from chiso.services.gallery import KeysInStep, key_missing
from chiso.services.home import Home

_EVERY = 1000
_ATTEMPTS = 3
_NOT_OPEN = frozenset({Code.KEY_MISSING, Code.TEMPLATE_UNREADABLE})

Told = Callable[[int, int], None]
"""Told how many references were opened, of how many."""


def require_all_open(home: Home, told: Told = lambda _done, _total: None) -> int:
    """Open every reference, of whichever model, and let go of it; returns how many there are.

    Each opens only under its own person's key, and bound to her, her receipt's terms and its model
    (`Vault`): one that was moved to another person, or whose ciphertext was swapped, does not.
    Raises ChisoError of kind INTEGRITY, with the count of those that do not open and the first.
    """
    with home.store.reading() as view:
        total, done = view.count_references(), 0
        keys, suspects = KeysInStep(home.keystore.keys_in_order()), list[SubjectId]()
        for done, (reference, terms) in enumerate(view.references(), start=1):
            if done % _EVERY == 0:
                told(done, total)
            if _is_suspect(home, reference, terms, keys) and terms.subject_id not in suspects[-1:]:
                suspects.append(terms.subject_id)
    told(done, total)
    # Store and keystore are two files: some may have withdrawn, or come back, between the two.
    _raise_for([each for whose in suspects for each in _closed_of(home, whose)], done)
    return done


def _is_suspect(home: Home, reference: SealedReference, terms: Terms, keys: KeysInStep) -> bool:
    try:
        home.vault.open(reference.sealed, terms, reference.model, keys.key_of(terms.subject_id))
    except ChisoError as error:
        if error.code not in _NOT_OPEN:
            raise
        return True
    return False


_Closed = tuple[SealedReference, ChisoError]


def _closed_of(home: Home, whose: SubjectId) -> list[_Closed]:
    """Those of her references that do not open, whenever they are looked at."""
    closed: list[_Closed] = []
    for _ in range(_ATTEMPTS):
        with home.store.reading() as view:
            closed = list(_closed_now(home, view, whose))
        if not closed:
            break
    return closed


def _closed_now(home: Home, view: ReadTransaction, whose: SubjectId) -> Iterator[_Closed]:
    key = None
    for reference, terms in view.references(None, whose):
        key = key or home.keystore.key(whose)
        try:
            if key is None:
                raise key_missing(whose)
            home.vault.open(reference.sealed, terms, reference.model, key)
        except ChisoError as error:
            if error.code not in _NOT_OPEN:
                raise
            yield reference, error


def _raise_for(closed: list[_Closed], total: int) -> None:
    if not closed:
        return
    first, error = closed[0]
    raise ChisoError(
        error.code,
        f"Of {total} references, {len(closed)} "
        f"{'does' if len(closed) == 1 else 'do'} not open under the key and the terms of the "
        f"person they are of. The first is of person {first.subject_id}, on receipt "
        f"{first.receipt_id}, added {to_text(first.added)}. {error.message}",
        error.hint,
    )
