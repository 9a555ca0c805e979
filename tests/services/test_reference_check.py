"""Every reference opens under its own person's key, also while someone withdraws."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from bench import crowd

from chiso import wiring
from chiso.core.consent import SubjectId
from chiso.core.errors import ChisoError, Code
from chiso.core.storage import ReadTransaction, Store
from chiso.services.home import Home
from chiso.services.reference_check import require_all_open
from chiso.services.withdraw import erase

_PEOPLE = 5


@pytest.fixture
def home(tmp_path: Path) -> Home:
    made, _ = wiring.make_home(tmp_path / "home", "Clinic", "offline")
    crowd.fill(made, _PEOPLE)
    return made


def _someone(home: Home) -> SubjectId:
    with home.store.reading() as view:
        return view.subjects()[2].subject_id


def _erased(home: Home, whose: SubjectId) -> None:
    """As a withdrawal does, but for what waits until nobody reads."""
    with home.store.writing() as transaction:
        subject = transaction.subject_by_id(whose)
        assert subject is not None
        erase(home, transaction, subject, None, None)
    home.keystore.destroy([whose])


class _StoreOvertaken:
    """The store, but someone is erased when the first view of it has been opened."""

    def __init__(self, home: Home, whose: SubjectId) -> None:
        self._home, self._whose, self._is_first = home, whose, True

    @contextmanager
    def reading(self) -> Iterator[ReadTransaction]:
        with self._home.store.reading() as view:
            view.count_references()  # from here on it sees one moment
            if self._is_first:
                self._is_first = False
                _erased(self._home, self._whose)
            yield view

    def __getattr__(self, name: str) -> Any:
        return getattr(self._home.store, name)


def test_every_reference_is_opened_and_counted(home: Home) -> None:
    told: list[tuple[int, int]] = []
    assert require_all_open(home, lambda done, total: told.append((done, total))) == _PEOPLE
    assert told[-1] == (_PEOPLE, _PEOPLE)


def test_a_home_without_references_has_none_that_do_not_open(tmp_path: Path) -> None:
    assert require_all_open(wiring.make_home(tmp_path / "home", "Clinic", "offline")[0]) == 0


def test_who_withdraws_between_her_row_and_her_key_is_no_tampering(home: Home) -> None:
    store: Store = _StoreOvertaken(home, _someone(home))
    assert require_all_open(replace(home, store=store)) == _PEOPLE
    assert require_all_open(home) == _PEOPLE - 1


@pytest.mark.parametrize(
    ("has_another_key", "code"), [(True, Code.TEMPLATE_UNREADABLE), (False, Code.KEY_MISSING)]
)
def test_a_reference_under_no_key_of_its_owner_is_named(
    home: Home, has_another_key: bool, code: Code
) -> None:
    whose = _someone(home)
    home.keystore.destroy([whose])
    if has_another_key:
        home.keystore.create(whose)
    with pytest.raises(ChisoError, match=f"Of {_PEOPLE} references, 1 does not open") as raised:
        require_all_open(home)
    assert raised.value.code is code
    assert whose in raised.value.message
