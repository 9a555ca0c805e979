"""How the command line speaks: help with examples, JSON alone on standard output, statuses."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
import typer.main
from tests.cli.running import (
    FAR_AWAY,
    PURPOSE,
    Chiso,
    assert_error,
    assert_untouched,
    enrolment,
)
from tests.services.drawn_studio import open_drawn_studio
from tests.witness.logs import MadeUpLog

from chiso import wiring
from chiso.account.checkpoint import VerifierKey, vkey_text
from chiso.account.cosignature import COSIGNATURE
from chiso.interfaces.cli import calibrate
from chiso.interfaces.cli.app import app
from chiso.interfaces.cli.main import main
from chiso.services.volunteers.photos import render_photos
from chiso.services.volunteers.plan import PhotoPlan
from chiso.wiring_witness import make_witness

Volunteer = Callable[..., Path]


def _commands() -> Iterator[tuple[str, ...]]:
    """Words of every command and sub-command there is."""
    waiting: list[tuple[tuple[str, ...], object]] = [((), typer.main.get_command(app))]
    while waiting:
        words, command = waiting.pop()
        inner = getattr(command, "commands", None)
        if inner is None:
            yield words
        else:
            waiting += [((*words, name), each) for name, each in inner.items()]


COMMANDS = sorted(_commands())
WITHOUT_A_HOME = {
    ("api", "schema"),
    ("erasure", "verify"),
    ("demo",),
    ("init",),
    ("restore",),
    ("log", "schema"),
    ("models", "add"),
    ("models", "list"),
    ("models", "pull"),
    ("volunteers", "calibrate"),
    ("volunteers", "measure"),
    ("volunteers", "render"),
    ("witness", "init"),
    ("witness", "logs"),
    ("witness", "serve"),
    ("witness", "trust"),
}
TESTED_APART = {("demo",), ("log", "witness", "ask"), ("serve",), ("witness", "serve")}
TESTED_APART |= {("access", "account", "disable")}  # accounts are made in a browser
_WITNESS_KEY = vkey_text(VerifierKey("w.example/1", COSIGNATURE, bytes(32)))


@pytest.mark.parametrize("words", COMMANDS, ids=" ".join)
def test_every_command_explains_itself_with_an_example(
    words: tuple[str, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([*words, "--help"]) == 0
    said = capsys.readouterr()
    assert f"Example: chiso {' '.join(words)}" in " ".join(said.out.split()).replace(
        "chiso --home ./clinic", "chiso"
    )
    assert "--json" in said.out
    assert said.err == ""


@pytest.mark.parametrize(
    "words", [(), ("audit",), ("log",), ("keys",), ("threshold",), ("models",), ("volunteers",)]
)
def test_a_group_of_commands_asked_for_alone_lists_them(
    words: tuple[str, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(words) == 2
    said = capsys.readouterr()
    assert "Commands:" in said.err
    assert said.out == ""


@pytest.mark.parametrize(
    "words",
    [
        ("enrol",),
        ("enrol", "Rudo"),
        ("enrol", "Rudo", "a.jpg", "--purpose", "p"),
        ("enrol", "Rudo", "a.jpg", "--manifest", "people.csv"),
        ("verify", "Rudo", "a.jpg"),
        ("verify", "--purpose", "p"),
        ("identify", "--purpose", "p"),
        ("withdraw",),
        ("export", "Rudo"),
        ("log", "prove"),
        ("log", "prove", "first"),
        ("log", "sing"),
        ("threshold", "use"),
        ("threshold", "fit"),
        ("models", "use", "magic"),
        ("models", "pull", "magic"),
        ("volunteers", "render"),
        ("volunteers", "calibrate", "--people", "0"),
        ("recognise-everyone",),
        ("subjects", "--watch"),
    ],
    ids=" ".join,
)
def test_wrong_usage_is_status_2_with_an_error_in_json(run: Chiso, words: tuple[str, ...]) -> None:
    before = run.holdings()
    assert_error(run(*words), 2, "bad-argument")
    assert_untouched(run, before)


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (("log", "prove", "9999"), "leaf-missing", "leaf 9999"),
        (("threshold", "use", "mine"), "threshold-missing", "`chiso threshold list`"),
    ],
)
def test_what_is_asked_for_and_not_there_is_status_6(
    run: Chiso, words: tuple[str, ...], code: str, said: str
) -> None:
    before = run.holdings()
    assert_error(run(*words), 6, code, said)
    assert_untouched(run, before)


@pytest.mark.parametrize(
    "words", [each for each in COMMANDS if each not in WITHOUT_A_HOME], ids=" ".join
)
def test_every_command_that_needs_a_home_says_so_where_there_is_none(
    run: Chiso,
    tmp_path: Path,
    volunteer: Volunteer,
    tiny_model: Path,
    words: tuple[str, ...],
) -> None:
    shutil.rmtree(run.home)
    refused = run(*_words(run, words, tmp_path, volunteer, tiny_model))
    assert_error(refused, 6, "home-missing", "chiso init")
    assert not run.home.exists()


@pytest.mark.parametrize(
    "words",
    [each for each in COMMANDS if each not in TESTED_APART],
    ids=" ".join,
)
def test_standard_output_holds_only_json(
    peopled: Chiso,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    volunteer: Volunteer,
    tiny_model: Path,
    words: tuple[str, ...],
) -> None:
    if words == ("models", "add"):
        monkeypatch.setenv("CHISO_MODELS", str(tmp_path / "models"))
    if words in {("audit", "tone"), ("volunteers", "render")}:
        monkeypatch.setattr(wiring, "studio_opener", lambda: open_drawn_studio)
    if words == ("volunteers", "calibrate"):
        monkeypatch.setattr(calibrate, "SIZE_PX", 64)
    if words == ("init",):
        shutil.rmtree(peopled.home)
    done = peopled(*_words(peopled, words, tmp_path, volunteer, tiny_model))
    assert done.status == 0, done
    assert len(done.documents) == 1
    assert "error" not in done.document


def _certificate(chiso: Chiso, folder: Path) -> Path:
    chiso("withdraw", "003", "--out", folder / "certificate.json")
    return folder / "certificate.json"


def _erased(chiso: Chiso, folder: Path) -> str:
    """Withdraws 003, where there is a home; the number of the leaf that tells of it."""
    _certificate(chiso, folder)
    return str(chiso.holdings().leaves - 1) if chiso.home.is_dir() else "0"


def _card(chiso: Chiso, folder: Path) -> str:
    """Issues a card, where there is a home; its number."""
    words = ("card", "issue", "001", "--purpose", PURPOSE, "--out", folder / "card.png")
    made = chiso(*words)
    return str(made.document["number"]) if made.status == 0 else "0"


def _key(chiso: Chiso) -> str:
    """Issues a key, where there is a home; its id."""
    made = chiso("access", "key", "issue", "x", "--role", "verifier", "--expires", FAR_AWAY)
    return str(made.document["id"]) if made.status == 0 else "0"


def _with_rule(chiso: Chiso) -> str:
    chiso("retention", "set", PURPOSE, "--default", "1y")
    return PURPOSE


def _words(
    chiso: Chiso, command: tuple[str, ...], folder: Path, volunteer: Volunteer, tiny_model: Path
) -> list[str | Path]:
    """A command with arguments that let it succeed in a home with 001, 003 and 005."""
    form = folder / "form.pdf"
    photo = volunteer("001", "smiling")
    terms = ("--purpose", PURPOSE, "--modes", "verify", "--expires", FAR_AWAY, "--evidence", form)
    arguments: dict[tuple[str, ...], Callable[[], tuple[str | Path, ...]]] = {
        ("init",): tuple,
        ("api", "schema"): tuple,
        ("serve",): tuple,
        ("access", "account", "disable"): lambda: ("none",),
        ("access", "account", "invite"): lambda: ("--role", "enroller"),
        ("access", "account", "list"): tuple,
        ("access", "link"): lambda: ("001",),
        ("access", "key", "list"): tuple,
        ("access", "key", "issue"): lambda: ("x", "--role", "verifier", "--expires", FAR_AWAY),
        ("access", "key", "revoke"): lambda: (_key(chiso),),
        ("enrol",): lambda: ("Rudo", photo, *terms),
        ("verify",): lambda: ("001", photo, "--purpose", PURPOSE),
        ("identify",): lambda: (photo, "--purpose", PURPOSE),
        ("withdraw",): lambda: ("001",),
        ("subjects",): tuple,
        ("receipts",): tuple,
        ("export",): lambda: ("001", "--out", folder / "export"),
        ("purge",): tuple,
        ("erasure", "list"): tuple,
        ("erasure", "show"): lambda: (_erased(chiso, folder),),
        ("erasure", "verify"): lambda: (_certificate(chiso, folder),),
        ("retention", "set"): lambda: (PURPOSE, "--max", "2y"),
        ("retention", "list"): tuple,
        ("retention", "unset"): lambda: (_with_rule(chiso),),
        ("audit", "scores"): lambda: (_scores(folder / "s.csv"), "--out", folder / "scores"),
        ("audit", "embeddings"): lambda: (
            *(_embeddings(folder / "e.npz"), "--threshold", "0.5"),
            *("--out", folder / "embeddings"),
        ),
        ("audit", "photos"): lambda: (
            *(_study(folder / "faces", volunteer), "--consent", form, "--by", "subject"),
            *("--threshold", "0.9", "--out", folder / "photos"),
        ),
        ("audit", "tone"): lambda: (
            *("--people", "2", "--captures", "2", "--size", "96", "--jobs", "1"),
            *("--cache", folder / "renders", "--out", folder / "tone"),
        ),
        ("card", "issue"): lambda: ("001", "--purpose", PURPOSE, "--out", folder / "card.png"),
        ("card", "list"): tuple,
        ("card", "revoke"): lambda: (_card(chiso, folder),),
        ("backup",): lambda: ("--out", folder / "backup"),
        ("restore",): lambda: (_backup(chiso, folder / "whole"),),
        ("keys", "show"): tuple,
        ("keys", "rotate"): tuple,
        ("log", "verify"): tuple,
        ("log", "witness", "ask"): tuple,
        ("log", "checkpoint"): tuple,
        ("log", "checkpoints"): tuple,
        ("log", "schema"): tuple,
        ("log", "schedule"): lambda: ("--leaves", "5"),
        ("log", "show"): lambda: ("--last", "1"),
        ("log", "bundle"): lambda: ("--out", folder / "bundle.json"),
        ("log", "prove"): lambda: ("0",),
        ("log", "compare"): lambda: (
            *(_written(folder / "note", MadeUpLog().note()), folder / "note"),
            *((), ("--key", MadeUpLog().vkey))[chiso.home.exists()],
        ),
        ("log", "witness", "vkey"): tuple,
        ("log", "witness", "add"): lambda: ("http://w.example/1", _WITNESS_KEY),
        ("log", "witness", "list"): tuple,
        ("log", "witness", "remove"): lambda: (_witnessed(chiso),),
        ("witness", "init"): lambda: ("--dir", folder / "new", "--name", "w.example/1"),
        ("witness", "trust"): lambda: ("--dir", _witness(folder / "own"), MadeUpLog().vkey),
        ("witness", "logs"): lambda: ("--dir", _witness(folder / "own")),
        ("threshold", "list"): tuple,
        ("threshold", "use"): lambda: (_record(chiso),),
        ("threshold", "show"): lambda: (_record(chiso),),
        ("threshold", "fit"): lambda: (
            *("--from", _study(folder / "study", volunteer)),
            *("--consent", form, "--target-fmr", "0.2"),
        ),
        ("models", "list"): tuple,
        ("models", "pull"): lambda: ("offline",),
        ("models", "add"): lambda: (
            tiny_model,
            *("--like", "arcface", "--name", "mine", "--licence", "MIT"),
        ),
        ("models", "use"): lambda: ("offline",),
        ("volunteers", "calibrate"): lambda: ("--people", "1", "--jobs", "1"),
        ("volunteers", "measure"): lambda: (_rendered(folder / "rendered"),),
        ("volunteers", "render"): lambda: (
            *("--people", "1", "--captures", "1", "--tones", "5", "--jobs", "1"),
            *("--out", folder / "made"),
        ),
    }
    return [*command, *arguments[command]()]


def _scores(path: Path) -> Path:
    rows = [
        f"p{one},p{other},0.{9 if one == other else one + other},x,x"
        for one in range(4)
        for other in range(one, 4)
    ]
    path.write_text("\n".join(["subject_a,subject_b,score,group_a,group_b", *rows]))
    return path


def _embeddings(path: Path) -> Path:
    vectors = np.random.default_rng(1).normal(size=(8, 16)).astype(np.float32)
    numbers = np.arange(8)
    np.savez(path, sample=numbers, subject=numbers // 2, group=numbers // 4, vector=vectors)
    return path


def _written(path: Path, text: str) -> Path:
    path.write_text(text, "utf-8")
    return path


def _witnessed(chiso: Chiso) -> str:
    if chiso.home.exists():
        chiso("log", "witness", "add", "http://w.example/1", _WITNESS_KEY)
    return "w.example/1"


def _witness(folder: Path) -> Path:
    make_witness(folder, "w.example/1")
    return folder


def _backup(chiso: Chiso, out: Path) -> Path:
    assert chiso("backup", "--out", out).status == 0
    return out


def _record(chiso: Chiso) -> str:
    if not chiso.home.exists():
        return "any"
    return str(chiso("threshold", "list").document["thresholds"][0]["record_id"])


def _rendered(folder: Path) -> Path:
    plan = PhotoPlan(seed=1, people=1, captures=1, tones=(5,), one_tone=True, size_px=64)
    render_photos(plan, folder, open_drawn_studio, 1, lambda _standing: None)
    return folder


def _study(folder: Path, volunteer: Volunteer) -> Path:
    folder.mkdir()
    people = ("001", "003", "005", "006", "009")
    (folder / "people.csv").write_text("subject\n" + "".join(f"{each}\n" for each in people))
    for each in people:
        for face in ("neutral", "smiling"):
            shutil.copy(volunteer(each, face), folder)
    return folder


@pytest.mark.parametrize(
    ("option", "value", "said"),
    [
        ("--guardian", "", "guardian"),
        ("--guardian", "\udcff", "guardian"),
        ("--guardian", "two\nlines", "guardian"),
        ("--language", "", "language"),
        ("--language", "en\nsn", "language"),
        ("--language", "e" * 36, "language"),
        ("--expires", "9999-12-31T23:59:59-10:00", "date"),
        ("--expires", "0001-01-01T00:00:00+10:00", "date"),
    ],
)
def test_terms_that_cannot_be_written_down_enrol_nobody(
    run: Chiso, volunteer: Volunteer, option: str, value: str, said: str
) -> None:
    before = run.holdings()
    words = enrolment(run.home, "Rudo", volunteer("001"), PURPOSE, "verify", FAR_AWAY)
    assert_error(run(*words, option, value), 2, "bad-argument", said)
    assert_untouched(run, before)


@pytest.mark.parametrize("name", ["", " ", "\udcff", "two\nlines"])
def test_a_controller_needs_a_name(run: Chiso, tmp_path: Path, name: str) -> None:
    refused = run("init", "--home", tmp_path / "new", "--controller", name)
    assert_error(refused, 2, "bad-argument", "controller")
    assert not (tmp_path / "new").exists()


def test_a_file_whose_name_is_no_unicode_is_named_in_json(run: Chiso) -> None:
    words = enrolment(run.home, "Rudo", Path("\udcff.jpg"), PURPOSE, "verify", FAR_AWAY)
    refused = run.process(*words)
    assert refused.status == 6
    assert refused.document["error"]["code"] == "file-missing"
    assert "\udcff.jpg" in refused.document["error"]["message"]
