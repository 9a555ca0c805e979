"""A process that stands idle lets go of the vectors of whoever is erased, when it is asked to."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from pathlib import Path
from threading import Event, Thread

import pytest
from bench import crowd

from chiso import wiring
from chiso.core.consent import Mode
from chiso.core.samples import Refusal
from chiso.services.enrol import Agreement, Enrolled, Photo, enrol
from chiso.services.home import Home
from chiso.services.identify import Search, prepare_search
from chiso.services.standing import StandingSearch
from chiso.services.withdraw import withdraw

_PEOPLE = 5
_WHO = "person 2"


@pytest.fixture
def home(tmp_path: Path) -> Home:
    made, _ = wiring.make_home(tmp_path / "home", "Clinic", "offline")
    crowd.fill(made, _PEOPLE)
    return made


@pytest.fixture
def prepared(home: Home) -> Search:
    return prepare_search(home, crowd.PURPOSE)


def _withdraw_elsewhere(home: Home) -> bytes:
    """Someone withdraws in another process; her id."""
    other = wiring.open_home(home.path)
    with other.store.reading() as view:
        subject = view.subject(_WHO)
    assert subject is not None
    withdraw(other, _WHO)
    other.store.close()
    return subject.subject_id.encode()


def test_an_idle_search_forgets_who_was_erased_elsewhere(home: Home, prepared: Search) -> None:
    standing, gallery = StandingSearch(home, prepared), prepared.gallery
    before = {subject: row.tobytes() for subject, row in zip(gallery.subjects, gallery.matrix,
                                                             strict=True)}  # fmt: skip
    whose = _withdraw_elsewhere(home)
    assert before[whose] in gallery.matrix.tobytes()
    assert standing.forget_erased()
    assert before.pop(whose) not in gallery.matrix.tobytes()  # the very memory that it was in
    assert whose not in gallery.subjects.tobytes()
    assert all(vector in gallery.matrix.tobytes() for vector in before.values())
    assert standing.references == _PEOPLE - 1


def test_nothing_is_forgotten_where_nobody_was_erased(home: Home, prepared: Search) -> None:
    standing = StandingSearch(home, prepared)
    assert not standing.forget_erased()
    _withdraw_elsewhere(home)
    assert standing.forget_erased()
    assert not standing.forget_erased()


def test_rows_do_not_move_under_a_search_that_runs(
    home: Home, prepared: Search, monkeypatch: pytest.MonkeyPatch
) -> None:
    standing, running, order = StandingSearch(home, prepared), Event(), list[str]()

    def compare_slowly(*_: object) -> list[object]:
        running.set()
        time.sleep(0.3)  # time enough to be overtaken, were that possible
        order.append("compared")
        return []

    def forget() -> None:
        standing.forget_erased()
        order.append("forgotten")

    # Someone is erased while the comparison runs.
    monkeypatch.setattr("chiso.services.standing.is_current", lambda *_: not running.is_set())
    monkeypatch.setattr("chiso.services.standing.probe_faces", lambda *_, **__: [])
    monkeypatch.setattr("chiso.services.standing.identify_faces", compare_slowly)
    searching = Thread(target=standing.identify, args=(b"a photo",))
    searching.start()
    running.wait()
    forgetting = Thread(target=forget)
    forgetting.start()
    for each in (searching, forgetting):
        each.join()
    assert order == ["compared", "forgotten"]


def test_a_standing_search_finds_who_is_there_and_refuses_what_is_no_photo(
    home: Home, london: Path
) -> None:
    photo = (london / "001_neutral.jpg").read_bytes()
    until = datetime(2099, 1, 1, tzinfo=UTC)
    agreement = Agreement("Anna", "door", frozenset(Mode), until, "ab" * 32)
    assert isinstance(enrol(home, agreement, [Photo("001", photo)]), Enrolled)
    standing = StandingSearch(home, prepare_search(home, "door"))
    found = standing.identify(photo)
    assert isinstance(found, list)
    assert [each.label for each in found[0].candidates] == ["Anna"]
    withdraw(home, "Anna")
    found = standing.identify(photo)
    assert isinstance(found, list)
    assert found[0].candidates == ()
    assert isinstance(standing.identify(b"no photo"), Refusal)
