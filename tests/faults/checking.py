"""What must be true of a home at every moment after it was opened, whatever happened before."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from tests.cli.running import HOME_FILES, KEYSTORE, STORE, UNFINISHED_NOTE
from tests.faults.acts import Held, Person
from tests.faults.kit import PURPOSE, Kit

from chiso import wiring
from chiso.core.events import EventType
from chiso.core.storage import ReadTransaction, Subject
from chiso.services import log_check
from chiso.services.erasure import is_scrub_due
from chiso.services.home import Home
from chiso.services.identify import prepare_search


@dataclass(frozen=True, slots=True)
class Traces:
    """Byte strings that the files hold of one person, and of nobody else."""

    of_references: frozenset[bytes]
    """Her references, the tags of their photos, her wrapped key: all go with her last receipt."""
    of_person: frozenset[bytes]
    """Her label, receipts and log payloads: these go with her."""


def traces(home: Home, label: str) -> Traces:
    """What the home's files hold of this person."""
    with home.store.reading() as view:
        subject = view.subject(label)
        assert subject is not None, label
        subject_id = subject.subject_id
        hers, references = {label.encode()}, set()
        for reference, _ in view.references(None, subject_id):
            references |= {reference.sealed, reference.photo_tag}
        for receipt in view.receipts(subject_id):
            hers |= {receipt.body, receipt.signature}
        for payload in view.payloads(subject_id):
            hers |= {payload.salt, payload.body}
    key = wiring.wrapped_key(home, subject_id)
    assert key is not None, f"{label} has no key"
    return Traces(frozenset(references | {key}), frozenset(hers))


def require_whole(
    kit: Kit,
    directory: Path,
    allowed: Iterable[Held],
    traces_of: Mapping[str, Traces],
    leaves_before: int,
) -> Held:
    """As `looked_at`; besides, the home holds exactly one of `allowed`: returns which."""
    found = looked_at(kit, directory, traces_of, leaves_before)
    _require_one_of(found, list(allowed))
    return found


def looked_at(
    kit: Kit, directory: Path, traces_of: Mapping[str, Traces], leaves_before: int
) -> Held:
    """Open the home as the next command does, assert what must be true of it, say what it holds.

    Raises AssertionError, or whatever a damaged home raises.
    """
    home = kit.opened(directory)
    try:
        report = log_check.verify(home)
        with home.store.reading() as view:
            found = Held(
                {each.label: _person(view, each) for each in view.subjects()},
                report.size - leaves_before,
            )
            _require_nothing_due(view)
            _require_owned(home, view)
        live = sum(len(person.takes) for person in found.people.values())
        if live:
            assert len(prepare_search(home, PURPOSE).gallery) == live, "not every reference opens"
    finally:
        home.store.close()
    _require_no_trace(directory, found, traces_of)
    names = {each.name for each in directory.iterdir()}
    left = {name for name in names if not name.startswith(UNFINISHED_NOTE)}
    assert left == HOME_FILES, f"files lie about: {sorted(left ^ HOME_FILES)}"
    return found


def _person(view: ReadTransaction, subject: Subject) -> Person:
    """What is held of her. Which photos a reference is of, the store does not say: their number."""
    searches = sum(
        json.loads(payload.body)["type"] == EventType.IDENTIFIED
        for payload in view.payloads(subject.subject_id)
    )
    references = list(view.references(None, subject.subject_id))
    return Person(
        frozenset(range(len(references))), len(view.receipts(subject.subject_id)), searches
    )


def _require_one_of(found: Held, allowed: list[Held]) -> None:
    """The photos' numbers do not matter here, only how many there are."""
    counted = [_by_number(each) for each in allowed]
    assert _by_number(found) in counted, f"the home holds {found}, and should hold {counted}"


def _by_number(held: Held) -> tuple[dict[str, tuple[int, int, int]], int]:
    people = {
        label: (len(each.takes), each.receipts, each.searches)
        for label, each in held.people.items()
    }
    return people, held.leaves


def _require_nothing_due(view: ReadTransaction) -> None:
    assert view.erasures_due() == [], "a key that was to go is still expected to"
    assert not is_scrub_due(view), "copies of deleted rows are still expected"


def _require_owned(home: Home, view: ReadTransaction) -> None:
    """No reference without receipt and key, and no key without a reference that it opens."""
    owners = {reference.subject_id for reference, _ in view.references()}  # raises without receipt
    assert set(home.keystore.subject_ids()) == owners, "keys and references do not match"


def _require_no_trace(directory: Path, found: Held, traces_of: Mapping[str, Traces]) -> None:
    """No file holds a byte of who is erased, nor of references whose receipt is withdrawn."""
    files = {each.name: each.read_bytes() for each in directory.iterdir()}
    assert {STORE, KEYSTORE} <= files.keys()
    for label, hers in traces_of.items():
        person = found.people.get(label)
        if person is not None and person.takes:
            continue
        for trace in hers.of_references | (hers.of_person if person is None else frozenset()):
            for name, content in files.items():
                assert trace not in content, f"{name} still holds {trace[:40]!r} of {label}"
