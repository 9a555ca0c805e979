"""`chiso log`: what leaves say, and checkpoints that people saved."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.cli.running import PURPOSE, Chiso, Outcome, assert_error, run_alone

from chiso import wiring
from chiso.adapters.system import user_name
from chiso.core.events import Event, EventType
from chiso.interfaces.cli.log_words import words
from chiso.interfaces.cli.main import main
from chiso.services.log import record

Volunteer = Callable[..., Path]


def _grow(home: Path, leaves: int, said: str = "on") -> None:
    """Let the log grow by leaves that say nothing of weight."""
    opened = wiring.open_home(home)
    facts = {"setting": "made-up", "value": said}
    event = Event(EventType.SETTINGS_CHANGED, opened.clock.now(), None, facts)
    with opened.store.writing() as transaction:
        record(opened, transaction, [event] * leaves)
    opened.store.close()


def _saved(run: Chiso) -> Path:
    file = run.home.parent / "saved"
    file.write_text(run("log", "checkpoint").document["checkpoint"])
    return file


def _since(run: Chiso, file: Path) -> Outcome:
    return run("log", "verify", "--since", file)


@pytest.mark.parametrize("more", [0, 1, 6, 13])
def test_a_log_that_grew_goes_on_from_a_saved_checkpoint(run: Chiso, more: int) -> None:
    saved = _saved(run)
    if more:
        _grow(run.home, more)
    assert _since(run, saved).status == 0


def test_a_history_written_anew_does_not_go_on_from_a_saved_checkpoint(run: Chiso) -> None:
    """Whoever has the home and its keys can sign another history; a saved checkpoint shows it."""
    before = run.home.parent / "before"
    shutil.copytree(run.home, before)
    _grow(run.home, 5)
    saved = _saved(run)
    run.in_copy_of(before)
    assert_error(_since(run, saved), 5, "log-broken", "8 by then", "rewritten")
    _grow(run.home, 9, said="off")
    assert run("log", "verify").status == 0
    assert_error(_since(run, saved), 5, "log-broken", "first 8 leaves are not those", "rewritten")


def test_a_checkpoint_that_was_altered_is_not_believed(run: Chiso) -> None:
    saved = _saved(run)
    origin, _, rest = saved.read_text().split("\n", 2)
    saved.write_text(f"{origin}\n2\n{rest}")
    assert_error(_since(run, saved), 5, "log-broken", "not one that this home signed", "false")


def test_a_checkpoint_of_another_home_is_not_believed(
    run: Chiso, models: Path, tmp_path: Path
) -> None:
    run_alone(tmp_path / "other", models, "init")
    saved = tmp_path / "saved"
    others = run("log", "checkpoint", "--home", tmp_path / "other")
    saved.write_text(others.document["checkpoint"])
    assert_error(_since(run, saved), 5, "log-broken", "another log")


@pytest.mark.parametrize("content", [b"", b"hello", b"\xff\xfe", b"x" * 70_000])
def test_what_is_no_checkpoint_is_called_so(run: Chiso, content: bytes) -> None:
    file = run.home.parent / "saved"
    file.write_bytes(content)
    assert_error(_since(run, file), 2, "bad-argument", "chiso log checkpoint")


def test_a_saved_checkpoint_that_is_not_there_is_called_missing(run: Chiso) -> None:
    assert_error(_since(run, run.home / "nothing"), 6, "file-missing")


def test_show_tells_what_each_leaf_says_and_whom_it_concerns(
    peopled: Chiso, volunteer: Volunteer
) -> None:
    assert peopled("verify", "001", volunteer("001", "smiling"), "--purpose", PURPOSE).status == 0
    shown = peopled("log", "show").documents
    assert [each["seq"] for each in shown] == list(range(peopled.holdings().leaves))
    assert (shown[-1]["label"], shown[-1]["said"]["type"]) == ("001", "verified")
    assert shown[-1]["said"]["asked_by"] == user_name()
    assert shown[0]["label"] is None
    assert not any(each["destroyed"] for each in shown)


def test_show_can_be_narrowed_to_a_person_a_type_and_the_newest(peopled: Chiso) -> None:
    hers = peopled("log", "show", "--subject", "003").documents
    assert {each["said"]["type"] for each in hers} == {"receipt-granted", "enrolled"}
    assert {each["label"] for each in hers} == {"003"}
    enrolled = peopled("log", "show", "--type", "enrolled", "--last", "2").documents
    assert [each["label"] for each in enrolled] == ["003", "005"]
    newest = peopled("log", "show", "--last", "1").documents
    assert [each["seq"] for each in newest] == [peopled.holdings().leaves - 1]


def test_show_says_destroyed_where_someone_withdrew(
    peopled: Chiso, capsys: pytest.CaptureFixture[str]
) -> None:
    hers = [each["seq"] for each in peopled("log", "show", "--subject", "001").documents]
    assert peopled("withdraw", "001").status == 0
    shown = {each["seq"]: each for each in peopled("log", "show").documents}
    assert [seq for seq in shown if shown[seq]["destroyed"]] == hers
    assert all(shown[seq]["said"] is None and shown[seq]["label"] is None for seq in hers)
    assert main(["log", "show"]) == 0
    assert f"{hers[0]}  destroyed" in capsys.readouterr().out


def test_show_believes_no_leaf_that_was_altered(peopled: Chiso) -> None:
    with peopled.database("store.sqlite3") as store:
        store.execute("UPDATE log_payloads SET body = CAST(body || ' ' AS BLOB) WHERE seq = 4")
    assert_error(peopled("log", "show"), 5, "log-broken", "leaf 4 does not match what it says")


def test_leaves_say_who_asked_whatever_the_environment_says(
    peopled: Chiso, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LOGNAME", "someone-else")
    assert peopled("export", "001", "--out", peopled.home.parent / "hers").status == 0
    (leaf,) = peopled("log", "show", "--type", "exported").documents
    assert leaf["said"]["asked_by"] == user_name() != "someone-else"


def test_show_of_nobody_says_that_there_is_nobody(run: Chiso) -> None:
    assert_error(run("log", "show", "--subject", "tendai"), 4, "no-consent", "tendai")


@pytest.mark.parametrize(
    ("setting", "value", "told"),
    [
        (
            "notices",
            '[{"language":"sn","purpose":"clinic door","sha256":"5a"}]',
            "notices of the operator’s own: “clinic door” (sn)",
        ),
        (
            "retention",
            '[{"default":"P1Y","inactive":null,"maximum":"P18M","purpose":"clinic door"}]',
            "how long consents last: “clinic door” usually 1 year, at most 18 months",
        ),
        ("retention", "[]", "how long consents last: by their own dates alone"),
        (
            "witnesses",
            '[{"url":"https://w.example","vkey":"w.example+1+k"}]',
            "witnesses that are asked: w.example",
        ),
        (
            "log-checkpoints",
            '{"leaves":9,"seconds":60}',
            "a checkpoint after 9 leaves or 60 s, whichever is first",
        ),
        (
            "log-checkpoints",
            '{"leaves":9,"hours":2}',
            "a checkpoint after 9 leaves or 7,200 s, whichever is first",
        ),
        ("pack", "offline", "pack is now offline"),
    ],
)
def test_a_setting_is_told_in_words(setting: str, value: str, told: str) -> None:
    said = {"type": "settings-changed", "setting": setting, "value": value}
    assert words(said) == told


def test_a_leaf_of_a_kind_that_nobody_knows_is_still_told() -> None:
    said = {"v": 1, "type": "cards-dealt", "at": "2026-01-01T00:00:00Z", "subject": None, "n": 3}
    assert words(said) == "n 3"
