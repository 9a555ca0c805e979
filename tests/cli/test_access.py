"""Accounts, links and keys from the command line, and what a restore does not bring back."""

from __future__ import annotations

from pathlib import Path

from tests.cli.running import STORE, Chiso, assert_error

from chiso import wiring
from chiso.adapters.credentials import system_credentials
from chiso.services.access.accounts import accept
from chiso.services.access.links import person_of_link


def _account(run: Chiso, role: str, name: str) -> str:
    """Accept an invitation; returns the account's id."""
    path = run("access", "account", "invite", "--role", role).document["path"]
    home = wiring.open_home(run.home)
    credentials = system_credentials(home.randomness)
    made = accept(home, credentials, path.rsplit("/", 1)[1], name, "four words that differ")
    home.store.close()
    return made.account_id


def _set(run: Chiso, column: str, value: str) -> str:
    """Edit the one account in the file; returns what stood there."""
    with run.database(STORE) as store, store:
        ((before,),) = store.execute(f"SELECT {column} FROM accounts")  # noqa: S608
        store.execute(f"UPDATE accounts SET {column} = ?", (value,))  # noqa: S608
    return str(before)


def test_an_account_is_invited_listed_and_disabled(run: Chiso) -> None:
    which = _account(run, "enroller", "Tendai")
    (listed,) = run("access", "account", "list").document["accounts"]
    assert (listed["name"], listed["role"], listed["disabled"]) == ("Tendai", "enroller", None)
    assert run("access", "account", "disable", which).document["disabled"]
    assert run("log", "verify").status == 0
    assert_error(run("access", "account", "disable", "none"), 6, "account-unknown")


def test_nobody_is_invited_as_a_person(run: Chiso) -> None:
    assert_error(run("access", "account", "invite", "--role", "subject"), 2, "bad-argument")


def test_a_person_s_link_is_made_by_her_name_and_lies_in_no_file(peopled: Chiso) -> None:
    someone = peopled("subjects").document["subjects"][0]["subject"]
    path = peopled("access", "link", someone).document["path"]
    assert path.startswith("/me/")
    token = path.rsplit("/", 1)[1]
    home = wiring.open_home(peopled.home)
    assert person_of_link(home, token)
    home.store.close()
    for file in peopled.home.iterdir():
        assert token.encode() not in file.read_bytes()
    assert peopled("access", "link", "Nobody").status == 4


def test_who_lets_herself_in_through_the_file_is_found(run: Chiso) -> None:
    which = _account(run, "auditor", "Tendai")
    assert run("log", "verify").status == 0
    for column, other in (("role", "admin"), ("id", "another"), ("name", "Rufaro")):
        before = _set(run, column, other)
        assert_error(run("log", "verify"), 5, "log-broken")
        _set(run, column, before)
    assert run("log", "verify").status == 0
    assert run("access", "account", "disable", which).status == 0
    with run.database(STORE) as store, store:
        store.execute("UPDATE accounts SET disabled = NULL")
    assert_error(run("log", "verify"), 5, "log-broken")


def test_a_key_that_nobody_made_is_found(run: Chiso) -> None:
    words = ("access", "key", "issue", "door", "--role", "verifier", "--expires", "2098-01-01")
    assert run(*words).status == 0
    with run.database(STORE) as store, store:
        store.execute("UPDATE api_keys SET purposes = NULL, scopes = 'scores'")
    assert_error(run("log", "verify"), 5, "log-broken")


def test_a_restore_that_cannot_know_what_was_ended_since_ends_it_all(
    run: Chiso, tmp_path: Path
) -> None:
    which = _account(run, "admin", "Tendai")
    words = ("access", "key", "issue", "door", "--role", "verifier", "--expires", "2098-01-01")
    assert run(*words).status == 0
    kept = tmp_path / "kept.backup"
    assert run("backup", "--out", kept).status == 0
    assert run("access", "account", "disable", which).status == 0
    (run.home / STORE).write_bytes(b"no database")
    restored = run("restore", kept, "--home", run.home, "--nobody-withdrew-since")
    assert restored.status == 0, restored
    (account,) = run("access", "account", "list").document["accounts"]
    (key,) = run("access", "key", "list").document["keys"]
    assert account["disabled"]
    assert key["revoked"]
    assert run("log", "verify").status == 0
