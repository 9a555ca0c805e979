"""What a crash leaves behind, and how the next opening of the home mends it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from chiso import wiring
from chiso.core.consent import Mode, SubjectId
from chiso.core.errors import ChisoError, Code
from chiso.core.storage import Keystore, Store, WriteTransaction
from chiso.services import log_check
from chiso.services.enrol import Agreement, Enrolled, Photo, enrol
from chiso.services.erasure import is_scrub_due
from chiso.services.home import Home
from chiso.services.identify import identify, prepare_search
from chiso.services.purge import due, purge_due
from chiso.services.withdraw import withdraw

_AGREEMENT = Agreement(
    subject="Anna",
    purpose="door",
    modes=frozenset(Mode),
    expires=datetime(2099, 1, 1, tzinfo=UTC),
    evidence_sha256="ab" * 32,
)


class PowerCutError(Exception):
    """Stands for the process ending here."""


class _But:
    """A real part, but for the methods given: it stands behind the same port."""

    def __init__(self, real: object, **methods: object) -> None:
        self._real = real
        self._methods = methods

    def __getattr__(self, name: str) -> object:
        return self._methods.get(name) or getattr(self._real, name)


def _keystore_that_dies(real: Keystore) -> Any:
    """The keystore, but the power goes when it should destroy keys."""

    def die(_subject_ids: Sequence[SubjectId]) -> int:
        raise PowerCutError

    return _But(real, destroy=die)


def _store_that_dies(real: Store) -> Any:
    """The store, but the power goes before a commit."""

    @contextmanager
    def writing() -> Iterator[WriteTransaction]:
        with real.writing() as transaction:
            yield transaction
            raise PowerCutError

    return _But(real, writing=writing)


def _store_that_dies_with_references(real: Store) -> Any:
    """The store, but the power goes before the commit of a reference."""

    @contextmanager
    def writing() -> Iterator[WriteTransaction]:
        with real.writing() as transaction:
            yield transaction
            if transaction.count_references() > 0:
                raise PowerCutError

    return _But(real, writing=writing)


def _keystore_that_cannot_destroy(real: Keystore) -> Any:
    """The keystore, but it does not come to destroying keys."""

    def fail(_subject_ids: Sequence[SubjectId]) -> int:
        raise ChisoError(Code.STORE_FULL, "The power is gone.", "Wait.")

    return _But(real, destroy=fail)


def _store_interrupted_after_enrolling(real: Store) -> Any:
    """The store, but Ctrl-C arrives just after the commit of a reference."""

    @contextmanager
    def writing() -> Iterator[WriteTransaction]:
        with real.writing() as transaction:
            yield transaction
            is_enrolled = transaction.count_references() > 0
        if is_enrolled:
            raise KeyboardInterrupt

    return _But(real, writing=writing)


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return wiring.make_home(tmp_path / "home", "Clinic", "offline")[0]


@pytest.fixture
def photo(london: Path) -> Photo:
    path = london / "001_neutral.jpg"
    return Photo(path.name, path.read_bytes())


@pytest.fixture
def enrolled(home: Home, photo: Photo) -> Home:
    assert isinstance(enrol(home, _AGREEMENT, [photo]), Enrolled)
    return home


def _reopened(home: Home) -> Home:
    home.store.close()
    return wiring.open_home(home.path)


def test_an_enrolment_that_is_not_committed_leaves_no_key_and_no_row(
    home: Home, photo: Photo
) -> None:
    dying = replace(home, store=_store_that_dies(home.store))
    with pytest.raises(PowerCutError):
        enrol(dying, _AGREEMENT, [photo])
    again = _reopened(home)
    assert again.keystore.subject_ids() == []
    with again.store.reading() as view:
        assert view.subjects() == []
        assert view.count_references() == 0
    log_check.verify(again)


def test_someone_who_comes_back_after_withdrawing_gets_no_key_before_she_is_enrolled(
    enrolled: Home, photo: Photo
) -> None:
    with enrolled.store.reading() as view:
        receipt = view.receipts()[0].receipt.header.receipt_id
    withdraw(enrolled, "Anna", receipt)
    dying = replace(
        enrolled,
        store=_store_that_dies_with_references(enrolled.store),
        keystore=_keystore_that_cannot_destroy(enrolled.keystore),
    )
    with pytest.raises(PowerCutError):
        enrol(dying, _AGREEMENT, [photo])
    assert len(enrolled.keystore.subject_ids()) == 1
    assert _reopened(enrolled).keystore.subject_ids() == []


def test_an_interrupt_just_after_the_commit_keeps_the_key(home: Home, photo: Photo) -> None:
    interrupted = replace(home, store=_store_interrupted_after_enrolling(home.store))
    with pytest.raises(KeyboardInterrupt):
        enrol(interrupted, _AGREEMENT, [photo])
    again = _reopened(home)
    answers = identify(again, photo.content, prepare_search(again, "door"))
    assert isinstance(answers, list)
    assert answers[0].candidates[0].label == "Anna"


def test_a_withdrawal_cut_off_before_the_key_is_destroyed_is_finished_at_the_next_opening(
    enrolled: Home, tmp_path: Path
) -> None:
    dying = replace(enrolled, keystore=_keystore_that_dies(enrolled.keystore))
    with pytest.raises(PowerCutError):
        withdraw(dying, "Anna")
    assert len(enrolled.keystore.subject_ids()) == 1
    again = _reopened(enrolled)
    assert again.keystore.subject_ids() == []
    with again.store.reading() as view:
        assert view.erasures_due() == []
    files = b"".join(file.read_bytes() for file in (tmp_path / "home").iterdir())
    assert b"Anna" not in files
    log_check.verify(again)


def test_a_withdrawal_that_is_not_committed_changes_nothing(enrolled: Home, photo: Photo) -> None:
    with pytest.raises(PowerCutError):
        withdraw(replace(enrolled, store=_store_that_dies(enrolled.store)), "Anna")
    again = _reopened(enrolled)
    assert isinstance(identify(again, photo.content, prepare_search(again, "door")), list)
    log_check.verify(again)


def test_no_answer_is_released_when_its_leaf_does_not_commit(enrolled: Home, photo: Photo) -> None:
    prepared = prepare_search(enrolled, "door")
    size = log_check.verify(enrolled).size
    with pytest.raises(PowerCutError):
        identify(replace(enrolled, store=_store_that_dies(enrolled.store)), photo.content, prepared)
    assert log_check.verify(enrolled).size == size


def test_a_person_who_withdraws_during_a_search_is_not_named(enrolled: Home, photo: Photo) -> None:
    prepared = prepare_search(enrolled, "door")
    withdraw(enrolled, "Anna")
    answers = identify(enrolled, photo.content, prepared)
    assert isinstance(answers, list)
    assert answers[0].candidates == ()


def test_a_key_is_kept_for_someone_enrolled_again_before_the_erasure_is_finished(
    enrolled: Home, london: Path
) -> None:
    with enrolled.store.reading() as view:
        receipt = view.receipts()[0].receipt.header.receipt_id
    dying = replace(enrolled, keystore=_keystore_that_dies(enrolled.keystore))
    with pytest.raises(PowerCutError):
        withdraw(dying, "Anna", receipt)
    smiling = Photo("smiling", (london / "001_smiling.jpg").read_bytes())
    assert isinstance(enrol(enrolled, _AGREEMENT, [smiling]), Enrolled)
    again = _reopened(enrolled)
    answers = identify(again, smiling.content, prepare_search(again, "door"))
    assert isinstance(answers, list)
    assert answers[0].candidates[0].label == "Anna"


def test_a_second_withdrawal_says_there_is_nothing_left(enrolled: Home) -> None:
    withdraw(enrolled, "Anna")
    with pytest.raises(ChisoError, match="nothing to withdraw"):
        withdraw(enrolled, "Anna")


def test_a_receipt_withdrawn_while_another_process_erases_its_owner_is_said_to_be_gone_with_her(
    enrolled: Home,
) -> None:
    with enrolled.store.reading() as view:
        receipt = view.receipts()[0].receipt.header.receipt_id
    overtaken = _But(enrolled.store, scrub=lambda _: withdraw(enrolled, "Anna"))
    with pytest.raises(ChisoError, match="erased whole in the same moment") as raised:
        withdraw(replace(enrolled, store=overtaken), "Anna", receipt)  # type: ignore[arg-type]
    assert raised.value.code is Code.CONSENT_WITHDRAWN
    log_check.verify(enrolled)


class _InTheYear:
    """A clock that stands still on 1 March of a year."""

    def __init__(self, year: int) -> None:
        self._now = datetime(year, 3, 1, tzinfo=UTC)

    def now(self) -> datetime:
        return self._now


def test_a_purge_overtaken_by_a_withdrawal_still_gives_the_others_their_certificates(
    enrolled: Home, london: Path
) -> None:
    longer = replace(_AGREEMENT, expires=datetime(2110, 1, 1, tzinfo=UTC))
    smiling = Photo("smiling", (london / "001_smiling.jpg").read_bytes())
    other = Photo("003", (london / "003_neutral.jpg").read_bytes())
    assert isinstance(enrol(enrolled, longer, [smiling]), Enrolled)
    assert isinstance(enrol(enrolled, replace(_AGREEMENT, subject="Berta"), [other]), Enrolled)
    later = replace(enrolled, clock=_InTheYear(2100))
    assert len(due(later)) == 2  # one receipt of Anna's, and all of Berta
    overtaken = _But(later.store, scrub=lambda _: withdraw(later, "Anna"))
    (purged,) = purge_due(replace(later, store=overtaken))  # type: ignore[arg-type]
    assert (purged.due.subject.label, purged.certificate.subject) == ("Berta", "Berta")
    log_check.verify(later)


def test_who_scrubs_does_not_call_done_what_another_erased_meanwhile(
    enrolled: Home, london: Path
) -> None:
    berta = replace(_AGREEMENT, subject="Berta")
    other = Photo("003", (london / "003_neutral.jpg").read_bytes())
    assert isinstance(enrol(enrolled, berta, [other]), Enrolled)
    dying = replace(enrolled, keystore=_keystore_that_dies(enrolled.keystore))

    def scrub_and_then_be_overtaken(patience_s: float) -> None:
        enrolled.store.scrub(patience_s)
        with pytest.raises(PowerCutError):
            withdraw(dying, "Berta")

    overtaken = _But(enrolled.store, scrub=scrub_and_then_be_overtaken)
    withdraw(replace(enrolled, store=overtaken), "Anna")  # type: ignore[arg-type]
    with enrolled.store.reading() as view:
        assert is_scrub_due(view)
    again = wiring.open_home(enrolled.path)
    with again.store.reading() as view:
        assert not is_scrub_due(view)
    assert b"Berta" not in _every_byte_of(again)


def test_a_home_of_a_version_that_kept_a_flag_is_scrubbed_once_more(enrolled: Home) -> None:
    with enrolled.store.writing() as transaction:
        transaction.put_setting("scrub", "due")
    with enrolled.store.reading() as view:
        assert is_scrub_due(view)
    with _reopened(enrolled).store.reading() as view:
        assert not is_scrub_due(view)


def _every_byte_of(home: Home) -> bytes:
    return b"".join(file.read_bytes() for file in home.path.iterdir())
