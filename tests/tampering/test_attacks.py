"""Each attack is found, with status 5 and a message that says what was touched."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest
from tests.cli.running import PURPOSE, STORE, Chiso, Outcome, assert_error, enrolment
from tests.tampering import attacks

from chiso import wiring
from chiso.services import thresholds

_MOVED = attacks.a_reference_moved_to_another_person
Volunteer = Callable[..., Path]
Words = tuple[str | Path, ...]


def _search(volunteer: Volunteer) -> Words:
    return "identify", volunteer("001", "smiling"), "--purpose", PURPOSE


@pytest.mark.parametrize(
    ("attack", "said"),
    [
        (attacks.a_bit_flipped_in_a_leaf, "leaf 2 does not match what it says"),
        (attacks.a_leaf_removed, "leaf 2 is missing"),
        (attacks.leaves_reordered, "the stored hash over leaves 2 to 3 is not theirs"),
        (attacks.a_tree_truncated_and_regrown, "its root differs from the signed one"),
    ],
)
def test_an_attack_on_the_tree_is_found(
    peopled: Chiso, attack: Callable[[Path], None], said: str
) -> None:
    attack(peopled.home)
    assert_error(peopled("log", "verify"), 5, "log-broken", said)


def test_a_tree_truncated_and_regrown_is_not_signed_onwards(
    peopled: Chiso, volunteer: Volunteer
) -> None:
    attacks.a_tree_truncated_and_regrown(peopled.home)
    refused = peopled(*_search(volunteer))
    assert_error(refused, 5, "log-broken", "its stored head differs from its signed checkpoint")


def test_the_database_rolled_back_to_yesterdays_copy_is_found(
    peopled: Chiso, volunteer: Volunteer
) -> None:
    yesterday = attacks.yesterdays_database(peopled.home)
    assert peopled(*_search(volunteer)).status == 0
    attacks.put_back(peopled.home, yesterday)
    for command in (_search(volunteer), ("log", "verify")):
        said = "The database is older than this home"
        assert_error(peopled(*command), 5, "log-broken", said, "chiso restore")


def test_a_receipt_altered_is_found(peopled: Chiso, volunteer: Volunteer) -> None:
    receipts = _ids(peopled, "receipts", "id")
    attacks.a_receipt_altered(peopled.home)
    search = ("identify", volunteer("001", "smiling"), "--purpose", "anything")
    assert _names_one_of(receipts, peopled(*search), "template-unreadable")
    assert _names_one_of(receipts, peopled("log", "verify"), "receipt-invalid")


@pytest.mark.parametrize(
    "attack",
    [_MOVED, attacks.ciphertext_swapped_between_people],
)
def test_a_template_that_is_not_its_owners_is_found(
    peopled: Chiso, volunteer: Volunteer, attack: Callable[[Path], None]
) -> None:
    people = _ids(peopled, "subjects", "id")
    before = peopled.holdings().leaves
    attack(peopled.home)
    assert _names_one_of(people, peopled(*_search(volunteer)), "template-unreadable")
    assert peopled.holdings().leaves == before
    found = peopled("log", "verify")
    assert _names_one_of(people, found, "template-unreadable")
    how_many = "1 does not open" if attack is _MOVED else "2 do not open"
    assert how_many in found.document["error"]["message"]


def test_a_threshold_record_edited_is_found(peopled: Chiso, volunteer: Volunteer) -> None:
    attacks.a_threshold_record_edited(peopled.home)
    for command in (_search(volunteer), ("log", "verify")):
        said = "The threshold record in use is not what this home signed"
        assert_error(peopled(*command), 5, "threshold-invalid", said, "threshold use")


def test_a_threshold_record_that_waits_to_be_used_is_not_edited_unseen(peopled: Chiso) -> None:
    home = wiring.open_home(peopled.home)
    ((starter, _),) = thresholds.records(home)
    thresholds.add(home, replace(starter, record_id="waiting"))
    home.store.close()
    assert peopled("log", "verify").status == 0
    attacks.a_threshold_record_not_in_use_edited(peopled.home, "waiting")
    said = "'waiting' is not what was added to this home"
    assert_error(peopled("log", "verify"), 5, "threshold-invalid", said)


def test_a_withdrawn_receipt_put_in_force_again_is_found(peopled: Chiso) -> None:
    receipt = peopled("receipts", "001").document["receipts"][0]["receipt"]
    assert peopled("withdraw", "001", "--receipt", receipt).status == 0
    attacks.a_withdrawn_receipt_put_in_force_again(peopled.home)
    assert_error(peopled("log", "verify"), 5, "log-broken", receipt, "not marked so")


def test_a_model_file_replaced_is_found(
    run: Chiso,
    volunteer: Volunteer,
    tiny_model: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    models = tmp_path / "models"
    monkeypatch.setenv("CHISO_MODELS", str(models))
    added = ("models", "add", tiny_model, "--like", "arcface", "--name", "tiny", "--licence", "MIT")
    assert run(*added).status == 0
    assert run("models", "use", "tiny").status == 0
    attacks.a_model_file_replaced(models, "tiny")
    words = enrolment(run.home, "001", volunteer("001"), PURPOSE, "verify", "2099-12-31")
    assert_error(run(*words), 5, "digest-mismatch", "tiny", "that was pinned")


def test_the_keystore_from_another_home_is_found(
    peopled: Chiso, volunteer: Volunteer, tmp_path: Path
) -> None:
    assert peopled("init", "--home", tmp_path / "other").status == 0
    attacks.the_keystore_from_another_home(peopled.home, tmp_path / "other")
    for command in (_search(volunteer), ("withdraw", "001"), ("log", "verify")):
        assert_error(peopled(*command), 5, "wrong-operator-key", "keystore.sqlite3")


def _ids(chiso: Chiso, table: str, column: str) -> list[str]:
    with closing(sqlite3.connect(chiso.home / STORE)) as store:
        return [row[0] for row in store.execute(f"SELECT {column} FROM {table}")]  # noqa: S608


def _names_one_of(ids: list[str], outcome: Outcome, code: str) -> bool:
    """Fails unless the command failed so; returns whether its message names one of these."""
    assert_error(outcome, 5, code)
    return any(each in outcome.document["error"]["message"] for each in ids)
