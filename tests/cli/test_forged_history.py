"""Edits to the database that no later command may bless, each of them made without any key."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from tests.cli.running import PURPOSE, STORE, Chiso, assert_error
from tests.tampering import attacks

from chiso.account.commitment import commitment
from chiso.account.merkle import leaf_hash, peaks_of

Volunteer = Callable[..., Path]


def _search(peopled: Chiso, volunteer: Volunteer) -> tuple[str | Path, ...]:
    return ("identify", volunteer("001", "smiling"), "--purpose", PURPOSE)


def test_a_history_written_anew_is_not_signed_by_the_next_command(
    peopled: Chiso, volunteer: Volunteer
) -> None:
    with peopled.database(STORE) as store:
        seq, salt, body = store.execute(
            "SELECT seq, salt, body FROM log_payloads WHERE seq = 3"
        ).fetchone()
        forged = body.replace(b"door", b"wall")
        store.execute("UPDATE log_payloads SET body = ? WHERE seq = ?", (forged, seq))
        new_leaf = leaf_hash(commitment(salt, forged))
        store.execute("UPDATE log_leaves SET leaf_hash = ? WHERE seq = ?", (new_leaf, seq))
        leaves = store.execute("SELECT leaf_hash FROM log_leaves ORDER BY seq").fetchall()
        peaks, _ = peaks_of(leaf for (leaf,) in leaves)
        store.execute("UPDATE log_head SET peaks = ?", (b"".join(peaks),))
    assert_error(peopled(*_search(peopled, volunteer)), 5, "log-broken", "backup")
    assert_error(peopled("log", "verify"), 5, "log-broken")


def test_a_log_without_its_head_is_not_begun_afresh(peopled: Chiso, volunteer: Volunteer) -> None:
    with peopled.database(STORE) as store:
        store.execute("DELETE FROM log_head")
    assert_error(peopled(*_search(peopled, volunteer)), 5, "log-broken", "no head")


def test_an_older_choice_of_threshold_put_back_is_found(
    peopled: Chiso, london: Path, tmp_path: Path
) -> None:
    consent = london / "README.md"
    fit = ("threshold", "fit", "--from", london, "--consent", consent, "--target-fmr", "0.0001")
    stricter = peopled(*fit).document["record_id"]
    with peopled.database(STORE) as store:
        old = store.execute("SELECT * FROM settings WHERE name LIKE 'threshold:%'").fetchall()
    assert peopled("threshold", "use", stricter).status == 0
    assert peopled("log", "verify").status == 0
    with peopled.database(STORE) as store:
        store.executemany("UPDATE settings SET value = ?2 WHERE name = ?1", old)
    assert_error(peopled("log", "verify"), 5, "threshold-invalid", "last chosen")


def test_a_search_hidden_from_the_log_is_found(peopled: Chiso, volunteer: Volunteer) -> None:
    assert peopled(*_search(peopled, volunteer)).status == 0
    with peopled.database(STORE) as store:
        store.execute("DELETE FROM log_payloads WHERE seq = (SELECT max(seq) FROM log_leaves)")
    assert_error(peopled("log", "verify"), 5, "log-broken", "erasures account for 0")


def test_withdrawing_accounts_for_what_it_destroys(peopled: Chiso) -> None:
    assert peopled("withdraw", "001").status == 0
    verified = peopled("log", "verify")
    assert verified.status == 0
    assert verified.document["payloads_destroyed"] == 2


def test_a_history_that_went_another_way_since_yesterday_is_found(
    peopled: Chiso, volunteer: Volunteer
) -> None:
    yesterday = attacks.yesterdays_database(peopled.home)
    assert peopled(*_search(peopled, volunteer)).status == 0
    today = (peopled.home / "log.note").read_text("utf-8")
    attacks.put_back(peopled.home, yesterday)
    (peopled.home / "log.note").unlink()
    for _ in range(2):
        assert peopled(*_search(peopled, volunteer)).status == 0
    (peopled.home / "log.note").write_text(today, "utf-8")
    assert_error(peopled("log", "verify"), 5, "log-broken", "not those that this home signed")
