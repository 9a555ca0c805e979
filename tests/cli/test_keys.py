"""Changing the operator's key: what opens afterwards, what does not, and what a crash leaves."""

from __future__ import annotations

import base64
import secrets
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.cli.running import KEYSTORE, PURPOSE, STORE, Chiso, Document, assert_error, assert_whole

from chiso import wiring
from chiso.adapters import files, operator_key
from chiso.adapters.keystore import FileKeystore
from chiso.adapters.operator_key import OperatorKeyInFile
from chiso.core.consent import SubjectId
from chiso.core.errors import ChisoError, Code
from chiso.services import keys

Volunteer = Callable[..., Path]
ROTATIONS = "FROM log_payloads WHERE CAST(body AS TEXT) LIKE '%key-rotated%'"


class PowerCutError(BaseException):
    """Stands for the process ending here: nothing catches it."""


def _cut(*_: object) -> None:
    raise PowerCutError


def _cut_after(step: Callable[..., object]) -> Callable[..., object]:
    def cut(*given: object) -> None:
        step(*given)
        raise PowerCutError

    return cut


def _key_of(home: Path) -> bytes:
    return base64.b64decode((home / "operator.key").read_bytes())


def _matches(chiso: Chiso, volunteer: Volunteer) -> bool:
    answer = chiso("verify", "001", volunteer("001", "smiling"), "--purpose", PURPOSE)
    return bool(answer.document["decision"] == "match")


def _leaves_of_rotations(chiso: Chiso) -> list[Document]:
    with chiso.database(STORE) as store:
        seqs = [seq for (seq,) in store.execute(f"SELECT seq {ROTATIONS}")]
    return [chiso("log", "prove", str(seq)).document["payload"] for seq in seqs]


def _assert_in_no_file(home: Path, former: bytes, wrapped: list[bytes]) -> None:
    content = b"".join(path.read_bytes() for path in home.rglob("*") if path.is_file())
    for trace in (former, base64.b64encode(former), *wrapped):
        assert trace not in content
    assert not list(home.glob("*-journal"))


def _wrapped(chiso: Chiso) -> list[bytes]:
    with chiso.database(KEYSTORE) as keystore:
        keys = keystore.execute(
            "SELECT wrapped FROM person_keys UNION ALL SELECT wrapped FROM home_keys"
        )
        return [wrapped for (wrapped,) in keys]


def test_after_rotating_people_are_recognised_and_the_former_key_is_nowhere(
    peopled: Chiso, volunteer: Volunteer, monkeypatch: pytest.MonkeyPatch
) -> None:
    former, wrapped = _key_of(peopled.home), _wrapped(peopled)
    assert len(wrapped) == 4
    before = peopled("keys", "show").document

    rotated = peopled.process("keys", "rotate")

    assert rotated.status == 0
    assert rotated.document["rewrapped"] == 4
    _assert_in_no_file(peopled.home, former, wrapped)
    assert (peopled.home / "operator.key").stat().st_mode & 0o777 == 0o600
    assert _matches(peopled, volunteer)
    assert_whole(peopled)
    after = peopled("keys", "show").document
    assert before["operator_key"]["fingerprint"] == rotated.document["old"]
    assert after["operator_key"]["fingerprint"] == rotated.document["new"]
    assert after["signing_key"] == before["signing_key"]
    assert after["person_keys"] == 3
    (leaf,) = _leaves_of_rotations(peopled)
    assert leaf["old"] == rotated.document["old"]
    assert leaf["new"] == rotated.document["new"]
    monkeypatch.setenv("CHISO_OPERATOR_KEY", base64.b64encode(former).decode())
    assert_error(peopled("subjects"), 5, "wrong-operator-key", "chiso keys rotate")


def test_no_secret_is_printed(peopled: Chiso) -> None:
    former = (peopled.home / "operator.key").read_text().strip()
    said = peopled("keys", "rotate"), peopled("keys", "show")
    now = (peopled.home / "operator.key").read_text().strip()
    assert now != former
    for each in said:
        for secret in (former, now):
            assert secret not in each.stdout + each.stderr


def test_who_enrols_and_withdraws_after_a_rotation_is_served_by_the_new_key(
    peopled: Chiso, volunteer: Volunteer
) -> None:
    assert peopled("keys", "rotate").status == 0
    assert peopled.enrol("006", volunteer("006")).status == 0
    assert peopled("withdraw", "003").status == 0
    assert len(peopled.holdings().keys) == 3
    assert_whole(peopled)


@pytest.mark.parametrize(
    ("whose", "step", "cut"),
    [
        (OperatorKeyInFile, "stage", "before"),
        (OperatorKeyInFile, "stage", "after"),
        (FileKeystore, "rewrap", "after"),
        (OperatorKeyInFile, "settle", "before"),
        (operator_key, "_overwrite", "before"),
        (FileKeystore, "rotation_recorded", "before"),
        (FileKeystore, "rotation_recorded", "after"),
        (files, "keep_names", "before"),
    ],
)
def test_a_rotation_cut_off_anywhere_is_finished_or_undone_by_the_next_command(
    peopled: Chiso,
    volunteer: Volunteer,
    monkeypatch: pytest.MonkeyPatch,
    whose: object,
    step: str,
    cut: str,
) -> None:
    former, wrapped = _key_of(peopled.home), _wrapped(peopled)
    real = getattr(whose, step)
    with monkeypatch.context() as power:
        power.setattr(whose, step, _cut if cut == "before" else _cut_after(real))
        with pytest.raises(PowerCutError):
            peopled("keys", "rotate")
    had_begun = _wrapped(peopled)[:3] != wrapped[:3]

    assert _matches(peopled, volunteer)

    assert (_key_of(peopled.home) != former) == had_begun
    assert len(_leaves_of_rotations(peopled)) == int(had_begun)
    if had_begun:
        _assert_in_no_file(peopled.home, former, wrapped)
    assert not (peopled.home / "operator.key.new").exists()
    assert_whole(peopled)


def test_a_rotation_whose_leaf_was_not_committed_is_told_by_the_next_command(
    peopled: Chiso, volunteer: Volunteer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The keystore is one file and the log another: this is the moment between their commits."""
    real = FileKeystore.rewrap
    with monkeypatch.context() as power:
        power.setattr(FileKeystore, "rewrap", _cut_after(real))
        with pytest.raises(PowerCutError):
            peopled("keys", "rotate")
    with peopled.database(STORE) as store:
        assert store.execute(f"SELECT count(*) {ROTATIONS}").fetchone() == (0,)
    assert _matches(peopled, volunteer)
    assert len(_leaves_of_rotations(peopled)) == 1
    assert _matches(peopled, volunteer)
    assert len(_leaves_of_rotations(peopled)) == 1


def test_two_rotations_leave_two_leaves(peopled: Chiso) -> None:
    assert [peopled("keys", "rotate").status for _ in range(2)] == [0, 0]
    first, second = _leaves_of_rotations(peopled)
    assert first["new"] == second["old"]


def test_a_process_that_has_the_former_key_cannot_wrap_anybodys_key_by_it(
    peopled: Chiso,
) -> None:
    """Whoever was enrolled by it could be opened by nobody."""
    stale = wiring.open_home(peopled.home)
    assert peopled.process("keys", "rotate").status == 0
    with pytest.raises(ChisoError) as refused:
        stale.keystore.create(SubjectId("somebody new"))
    stale.store.close()
    assert refused.value.code is Code.WRONG_OPERATOR_KEY
    assert_whole(peopled)


@pytest.mark.parametrize("step", ["rewrap", "settle"])
def test_of_two_rotations_at_once_neither_loses_the_key_that_opens(
    peopled: Chiso, volunteer: Volunteer, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    """The second opened the home before the first began, and gets its turn in the middle."""
    second, place = wiring.open_home(peopled.home), OperatorKeyInFile(peopled.home)
    with monkeypatch.context() as power:
        if step == "rewrap":
            power.setattr(FileKeystore, step, _cut_after(FileKeystore.rewrap))
        else:
            power.setattr(OperatorKeyInFile, step, _cut)
        with pytest.raises(PowerCutError):
            peopled("keys", "rotate")
    with pytest.raises(ChisoError) as refused:
        keys.rotate(second, place, secrets.token_bytes(32))
    second.store.close()
    assert refused.value.code is Code.WRONG_OPERATOR_KEY
    assert _matches(peopled, volunteer)
    assert_whole(peopled)


def test_an_operators_key_from_the_environment_is_changed_by_one_from_a_file(
    peopled: Chiso, volunteer: Volunteer, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    former = (peopled.home / "operator.key").read_text().strip()
    (peopled.home / "operator.key").unlink()
    monkeypatch.setenv("CHISO_OPERATOR_KEY", former)
    assert_error(peopled("keys", "rotate"), 2, "bad-argument", "--new-key-out", "--new-key-from")

    new = base64.b64encode(secrets.token_bytes(32)).decode()
    file = tmp_path / "new.key"
    file.write_text(new + "\n")
    file.chmod(0o600)
    rotated = peopled("keys", "rotate", "--new-key-from", file)
    assert rotated.status == 0
    assert f"Set CHISO_OPERATOR_KEY to the content of {file}" in rotated.stderr
    assert_error(peopled("subjects"), 5, "wrong-operator-key", "CHISO_OPERATOR_KEY")
    monkeypatch.setenv("CHISO_OPERATOR_KEY", new)
    assert _matches(peopled, volunteer)
    assert not (peopled.home / "operator.key").exists()


def test_a_key_made_for_the_environment_is_written_to_a_file_of_its_owner(
    peopled: Chiso, volunteer: Volunteer, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("CHISO_OPERATOR_KEY", (peopled.home / "operator.key").read_text())
    out = tmp_path / "new.key"
    assert peopled("keys", "rotate", "--new-key-out", out).status == 0
    assert out.stat().st_mode & 0o777 == 0o600
    assert not (peopled.home / "operator.key").exists(), "the former key still lies in the home"
    monkeypatch.setenv("CHISO_OPERATOR_KEY", out.read_text())
    assert _matches(peopled, volunteer)
    again = peopled("keys", "rotate", "--new-key-out", out)
    assert_error(again, 2, "bad-argument", str(out), "new file")
    assert _matches(peopled, volunteer)


def test_a_new_key_may_come_from_the_environment_too(
    peopled: Chiso, volunteer: Volunteer, monkeypatch: pytest.MonkeyPatch
) -> None:
    new = base64.b64encode(secrets.token_bytes(32)).decode()
    monkeypatch.setenv("CHISO_NEW_OPERATOR_KEY", new)
    assert peopled("keys", "rotate").status == 0
    assert (peopled.home / "operator.key").read_text().strip() == new
    assert _matches(peopled, volunteer)
    assert_error(peopled("keys", "rotate"), 2, "bad-argument", "has already")


@pytest.mark.parametrize(
    ("content", "mode", "said"),
    [("short", 0o600, "does not hold"), ("", 0o600, "does not hold"), (None, 0o644, "chmod 600")],
)
def test_what_is_no_key_or_is_open_to_others_changes_nothing(
    peopled: Chiso,
    volunteer: Volunteer,
    tmp_path: Path,
    content: str | None,
    mode: int,
    said: str,
) -> None:
    former = _key_of(peopled.home)
    file = tmp_path / "new.key"
    file.write_text(base64.b64encode(bytes(32)).decode() if content is None else content)
    file.chmod(mode)
    assert_error(
        peopled("keys", "rotate", "--new-key-from", file), 5, "wrong-operator-key", said, str(file)
    )
    assert _key_of(peopled.home) == former
    assert_whole(peopled)


def test_a_home_whose_log_was_changed_gets_no_new_key(peopled: Chiso) -> None:
    former, wrapped = _key_of(peopled.home), _wrapped(peopled)
    with peopled.database(STORE) as store:
        store.execute("UPDATE log_head SET size = size + 1")
    assert_error(peopled("keys", "rotate"), 5, "log-broken")
    assert _key_of(peopled.home) == former
    assert _wrapped(peopled) == wrapped
