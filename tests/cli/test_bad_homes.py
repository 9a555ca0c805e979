"""Homes that cannot be worked in: chiso says why, and leaves them as they are."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path

import pytest
from tests.cli.running import (
    HOME_FILES,
    KEYSTORE,
    OPEN_STORE_FILES,
    PURPOSE,
    STORE,
    Chiso,
    assert_error,
    assert_untouched,
    assert_whole,
)

NOBODY = 65534
Volunteer = Callable[..., Path]


def test_a_home_that_is_not_there_is_named(run: Chiso, tmp_path: Path) -> None:
    refused = run("subjects", "--home", tmp_path / "elsewhere")
    assert_error(refused, 6, "home-missing", str(tmp_path / "elsewhere"), "chiso init")
    assert not (tmp_path / "elsewhere").exists()


def test_a_file_in_place_of_a_home_is_no_home(run: Chiso, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("not a home")
    refused = run("subjects", "--home", tmp_path / "file")
    assert_error(refused, 6, "home-missing", str(tmp_path / "file"), "--home")
    assert (tmp_path / "file").read_text() == "not a home"


@pytest.mark.parametrize(
    "content",
    [b"", b"\x00\xff garbage", b"[]", b"{}", b'"home"', b'{"format": 1}', b"[" * 100_000],
    ids=["empty", "bytes", "list", "object", "text", "half", "deep"],
)
def test_a_home_file_of_garbage_is_unreadable(run: Chiso, content: bytes) -> None:
    file = run.home / "home.json"
    whole = file.read_bytes()
    file.write_bytes(content)
    before = _bytes_of(run.home)
    refused = run("subjects")
    assert_error(refused, 6, "home-unreadable", "home.json", "backup")
    assert _bytes_of(run.home) == before
    file.write_bytes(whole)
    assert_whole(run)


@pytest.mark.parametrize("part", [STORE, KEYSTORE])
def test_a_home_without_one_of_its_databases_is_not_whole(run: Chiso, part: str) -> None:
    (run.home / part).rename(run.home.parent / part)
    refused = run("subjects")
    assert_error(refused, 6, "home-unreadable", part, "backup")
    assert not (run.home / part).exists()
    (run.home.parent / part).rename(run.home / part)
    assert_whole(run)


@pytest.mark.parametrize("part", [STORE, KEYSTORE])
def test_a_database_of_garbage_is_damaged(run: Chiso, part: str) -> None:
    (run.home / part).write_bytes(b"not a database " * 1000)
    before = _bytes_of(run.home)
    refused = run("subjects")
    assert_error(refused, 5, "store-damaged", part, "backup")
    assert _bytes_of(run.home) == before


def test_a_home_without_its_operator_key_cannot_be_opened(run: Chiso) -> None:
    (run.home / "operator.key").rename(run.home.parent / "operator.key")
    refused = run("subjects")
    assert_error(refused, 6, "operator-key-missing", "operator.key", "CHISO_OPERATOR_KEY")
    (run.home.parent / "operator.key").rename(run.home / "operator.key")
    assert_whole(run)


def test_a_home_that_may_not_be_read_says_whose_permission_is_wanted(run: Chiso) -> None:
    run.home.chmod(0)
    try:
        with _as_somebody_else():
            refused = run("subjects")
    finally:
        run.home.chmod(0o700)
    assert_error(refused, 6, "home-unreadable", "cannot be read", "permissions")
    assert_whole(run)


def test_a_home_of_a_newer_format_is_left_alone(run: Chiso, volunteer: Volunteer) -> None:
    file = run.home / "home.json"
    made = file.read_bytes()
    file.write_text(json.dumps(json.loads(made) | {"format": 2}))
    before = _bytes_of(run.home)
    refused = run.enrol("Rudo", volunteer("001"))
    assert_error(refused, 6, "home-newer", "format 2", "Install the newer version")
    assert _bytes_of(run.home) == before
    file.write_bytes(made)
    assert_whole(run)


def test_a_database_of_a_newer_schema_is_left_alone(run: Chiso, volunteer: Volunteer) -> None:
    before = run.holdings()
    with run.database(STORE) as store:
        (made,) = store.execute("SELECT version_num FROM alembic_version").fetchone()
        store.execute("UPDATE alembic_version SET version_num = '9999'")
    refused = run.enrol("Rudo", volunteer("001"))
    assert_error(refused, 6, "home-newer", "schema 9999", "Install the newer version")
    with run.database(STORE) as store:
        store.execute("UPDATE alembic_version SET version_num = ?", (made,))
    assert_untouched(run, before)


def test_init_refuses_to_touch_a_home_that_is_there(run: Chiso) -> None:
    before = _bytes_of(run.home)
    refused = run("init")
    assert_error(refused, 2, "home-exists", str(run.home), "--home")
    assert _bytes_of(run.home) == before
    assert_whole(run)


def test_init_refuses_to_touch_a_folder_with_anything_in_it(run: Chiso, tmp_path: Path) -> None:
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "letter.txt").write_text("mine")
    refused = run("init", "--home", tmp_path / "full")
    assert_error(refused, 2, "home-exists", str(tmp_path / "full"))
    assert [path.name for path in (tmp_path / "full").iterdir()] == ["letter.txt"]


def test_init_below_a_file_says_where_a_home_may_be(run: Chiso, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    refused = run("init", "--home", tmp_path / "file" / "home")
    assert_error(refused, 6, "home-unreadable", "cannot be made", "--home")
    assert not list(tmp_path.glob(".*"))


def test_init_makes_a_home_of_the_empty_folder_one_stands_in(
    run: Chiso, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "here").mkdir(mode=0o755)
    monkeypatch.chdir(tmp_path / "here")
    assert run("init", "--home", ".").status == 0
    assert (tmp_path / "here").stat().st_mode & 0o777 == 0o700
    made = {path.name for path in Path().iterdir()}  # `here` is still the folder one stands in
    assert made - OPEN_STORE_FILES == HOME_FILES
    assert run("log", "verify", "--home", ".").status == 0


@pytest.mark.parametrize("home", [".", "..", "/"])
def test_init_leaves_a_folder_alone_that_is_named_by_dots(
    run: Chiso, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, home: str
) -> None:
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "letter.txt").write_text("mine")
    monkeypatch.chdir(tmp_path / "full")
    assert_error(run("init", "--home", home), 2, "home-exists", home)
    assert [path.name for path in Path().iterdir()] == ["letter.txt"]


def test_init_makes_the_folders_above_a_home(run: Chiso, tmp_path: Path) -> None:
    home = tmp_path / "not" / "yet" / "there"
    assert run("init", "--home", home).status == 0
    assert run("log", "verify", "--home", home).status == 0


def test_init_on_links_in_a_circle_says_so(run: Chiso, tmp_path: Path) -> None:
    (tmp_path / "circle").symlink_to("circle")
    assert_error(run("init", "--home", tmp_path / "circle"), 6, "home-unreadable", "--home")


@pytest.mark.parametrize(
    "spoil",
    [
        "DROP TABLE person_keys",
        "DROP TABLE home_keys",
        "ALTER TABLE home_keys RENAME COLUMN wrapped TO gone",
    ],
)
def test_a_keystore_with_other_tables_is_damaged(
    peopled: Chiso, volunteer: Volunteer, spoil: str
) -> None:
    with peopled.database(KEYSTORE) as keystore:
        keystore.execute(spoil)
    refused = peopled("verify", "001", volunteer("001"), "--purpose", PURPOSE)
    assert_error(refused, 5, "store-damaged", KEYSTORE, "backup")


def test_an_empty_keystore_is_damaged(run: Chiso) -> None:
    (run.home / KEYSTORE).write_bytes(b"")
    assert_error(run("subjects"), 5, "store-damaged", KEYSTORE, "backup")


def test_init_with_an_unknown_pack_makes_nothing(run: Chiso, tmp_path: Path) -> None:
    refused = run("init", "--home", tmp_path / "new", "--pack", "magic")
    assert_error(refused, 2, "bad-argument", "magic", "offline")
    assert not (tmp_path / "new").exists()


def test_what_init_makes_is_for_its_owner_alone(run: Chiso, tmp_path: Path) -> None:
    made = run("init", "--home", tmp_path / "new", "--controller", "Mbare Clinic")
    assert made.status == 0
    assert made.document["controller"] == "Mbare Clinic"
    assert made.document["threshold"]
    assert (tmp_path / "new").stat().st_mode & 0o777 == 0o700
    for name in ("operator.key", STORE, KEYSTORE):
        assert (tmp_path / "new" / name).stat().st_mode & 0o077 == 0, name
    assert not list(tmp_path.glob(".*"))


def test_a_home_moves_with_its_folder(peopled: Chiso, volunteer: Volunteer) -> None:
    elsewhere = peopled.home.parent / "moved"
    shutil.copytree(peopled.home, elsewhere)
    photo = volunteer("001", "smiling")
    answer = peopled("verify", "001", photo, "--purpose", PURPOSE, "--home", elsewhere)
    assert answer.document["decision"] == "match"


def _bytes_of(home: Path) -> dict[str, str]:
    return {
        path.name: sha256(path.read_bytes()).hexdigest()
        for path in home.iterdir()
        if path.name not in OPEN_STORE_FILES
    }


@contextmanager
def _as_somebody_else() -> Iterator[None]:
    """Without root's leave to read everything, where it is root who runs the tests."""
    if os.geteuid() != 0:
        yield
        return
    os.seteuid(NOBODY)
    try:
        yield
    finally:
        os.seteuid(0)
