"""`chiso log bundle`, and the small program that verifies what it writes."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from tests.cli.running import Chiso, assert_error, assert_untouched, assert_whole

from chiso.adapters.system import user_name
from chiso.interfaces.cli.main import main
from chiso.verify_bundle import main as verify_alone

_FORBIDDEN = ("numpy", "sqlalchemy", "typer", "rich", "pydantic", "sqlite3", "socket", "ssl")


def _bundle(run: Chiso, *words: str | Path) -> tuple[Path, str]:
    """A new bundle, and the log's key."""
    file = run.home.parent / "made.bundle.json"
    file.unlink(missing_ok=True)
    written = run("log", "bundle", "--out", file, *words)
    assert written.status == 0, written
    return file, written.document["key"]


def test_a_bundle_of_everything_verifies_without_the_home(peopled: Chiso) -> None:
    saved = peopled.home.parent / "saved"
    assert peopled("log", "checkpoint", "--out", saved).status == 0
    assert peopled("withdraw", "001").status == 0
    file, key = _bundle(peopled, "--since", saved)
    peopled.home.rename(peopled.home.parent / "away")
    shown = peopled("log", "verify", "--bundle", file, "--key", key).document
    (peopled.home.parent / "away").rename(peopled.home)
    held = peopled("log", "verify").document
    assert shown["size"] == held["size"] - 1, "the leaf that tells of the bundle comes after it"
    assert (shown["leaves"], shown["key_from"]) == (held["payloads_kept"] - 1, "outside")
    kept = [each["size"] for each in peopled("log", "checkpoints").documents]
    assert shown["earlier"][: len(kept)] == kept


def test_a_person_is_shown_every_leaf_that_concerns_her_and_no_other(peopled: Chiso) -> None:
    file, key = _bundle(peopled, "--subject", "003")
    hers = [each["seq"] for each in peopled("log", "show", "--subject", "003").documents]
    assert [each["seq"] for each in json.loads(file.read_bytes())["leaves"]] == hers[:-1]
    shown = peopled("log", "verify", "--bundle", file, "--key", key).document
    assert shown["subject"] == json.loads(file.read_bytes())["subject"]
    assert shown["leaves"] == len(hers) - 1


def test_the_log_tells_who_took_a_bundle_and_how_many_leaves_it_discloses(peopled: Chiso) -> None:
    before = peopled.holdings().leaves
    for whose in ("003", None):
        file, _ = _bundle(peopled, *(("--subject", whose) if whose else ()))
        disclosed = len(json.loads(file.read_bytes())["leaves"])
        leaf = peopled("log", "show", "--last", "1").document
        assert (leaf["label"], leaf["said"]["type"]) == (whose, "exported")
        assert leaf["said"]["log_payloads"] == disclosed
        assert leaf["said"]["asked_by"] == user_name()
    assert peopled.holdings().leaves == before + 2
    assert_whole(peopled)


def test_a_bundle_that_cannot_be_made_leaves_no_file_and_no_leaf(
    peopled: Chiso, tmp_path: Path
) -> None:
    before = peopled.holdings()
    out, other = tmp_path / "new.bundle.json", tmp_path / "other"
    other.write_text("no checkpoint")
    words = ("log", "bundle", "--out", out)
    assert_error(peopled(*words, "--subject", "Tendai"), 4, "no-consent", "Tendai")
    assert_error(peopled(*words, "--since", other), 2, "bad-argument", "checkpoint")
    assert not out.exists()
    assert_error(peopled("log", "bundle", "--out", other), 2, "bad-argument", "there already")
    assert_untouched(peopled, before)


def test_without_a_key_it_says_that_the_file_only_agrees_with_itself(
    run: Chiso, capsys: pytest.CaptureFixture[str]
) -> None:
    file, key = _bundle(run)
    assert main(["log", "verify", "--bundle", str(file)]) == 0
    assert "The key came from the file itself" in capsys.readouterr().out
    assert main(["log", "verify", "--bundle", str(file), "--key", key]) == 0
    assert "The key came from the file itself" not in capsys.readouterr().out
    assert run("log", "verify", "--bundle", file).document["key_from"] == "the file itself"


def test_an_altered_bundle_has_status_5_and_says_what_is_wrong(run: Chiso) -> None:
    file, key = _bundle(run)
    said = json.loads(file.read_bytes())
    said["leaves"][1]["payload"] = said["leaves"][1]["payload"].replace("threshold", "treshold")
    file.write_text(json.dumps(said))
    outcome = run("log", "verify", "--bundle", file, "--key", key)
    assert_error(outcome, 5, "log-broken", "leaf 1 does not match what it says")


def test_another_homes_key_does_not_verify_a_bundle(run: Chiso) -> None:
    file, key = _bundle(run)
    golden = Path(__file__).parent.parent / "golden" / "log_bundle_1.json"
    other = json.loads(golden.read_bytes())["key"]
    assert_error(
        run("log", "verify", "--bundle", file, "--key", other), 5, "log-broken", other[:10]
    )
    assert_error(run("log", "verify", "--bundle", file, "--key", "x"), 2, "bad-argument", "key")
    assert_error(run("log", "verify", "--key", key), 2, "bad-argument", "bundle")


def test_a_bundle_is_held_to_a_checkpoint_that_the_reader_saved(peopled: Chiso) -> None:
    folder = peopled.home.parent
    (folder / "saved").write_text(peopled("log", "checkpoint").document["checkpoint"])
    _bundle(peopled)  # which leaves a leaf
    file, key = _bundle(peopled, "--since", folder / "saved")
    later = peopled("log", "checkpoint").document["checkpoint"]
    (folder / "later").write_text(later)
    held = ("log", "verify", "--bundle", file, "--key", key, "--since")
    size = int((folder / "saved").read_text().split("\n")[1])
    assert peopled(*held, folder / "saved").document["saved"] == size
    assert_error(peopled(*held, folder / "later"), 5, "log-broken", "the saved checkpoint counts")

    document = json.loads(file.read_bytes())
    document["earlier"] = []
    file.write_text(json.dumps(document))
    assert_error(peopled(*held, folder / "saved"), 2, "bad-argument", "holds no proof", "--since")
    (folder / "saved").write_text(later.replace("\n", "\nx", 1))
    assert_error(peopled(*held, folder / "saved"), 5, "log-broken", "the saved checkpoint")


def test_the_program_of_its_own_says_the_same_with_the_same_status(
    run: Chiso, capsys: pytest.CaptureFixture[str]
) -> None:
    file, key = _bundle(run)
    assert verify_alone([str(file), "--key", key]) == 0
    assert "The bundle verifies: 3 leaves" in capsys.readouterr().out
    assert verify_alone([str(file)]) == 0
    assert "came from the file itself" in capsys.readouterr().out
    assert verify_alone([str(file), "--key", key, "--witness", key]) == 2
    file.write_bytes(
        file.read_bytes().replace(b'"inclusion": [\n    "', b'"inclusion": [\n    "00', 1)
    )
    assert verify_alone([str(file)]) == 2
    assert verify_alone([str(file) + ".gone"]) == 6
    assert "cannot be read" in capsys.readouterr().err


def test_the_program_of_its_own_reads_a_saved_checkpoint_in_utf_8_on_any_system(
    run: Chiso,
) -> None:
    saved = run.home.parent / "saved"
    saved.write_text(run("log", "checkpoint").document["checkpoint"], "utf-8")
    file, key = _bundle(run, "--since", saved)
    strict = ("-X", "warn_default_encoding", "-W", "error::EncodingWarning")
    alone = [sys.executable, *strict, "-m", "chiso.verify_bundle"]
    words = [*alone, str(file), "--key", key, "--since"]
    done = subprocess.run([*words, str(saved)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "is the one that you saved" in done.stdout
    gone = subprocess.run([*words, f"{saved}.gone"], capture_output=True, text=True, check=False)
    assert gone.returncode == 6
    assert "saved.gone cannot be read" in gone.stderr


def test_the_program_of_its_own_loads_account_and_core_and_nothing_else(run: Chiso) -> None:
    file, key = _bundle(run)
    script = (
        "import sys; from chiso.verify_bundle import main; "
        "status = main(sys.argv[1:]); print(*sorted(sys.modules)); sys.exit(status)"
    )
    words = [sys.executable, "-c", script, str(file), "--key", key]
    done = subprocess.run(words, capture_output=True, text=True, check=True)
    loaded = set(done.stdout.splitlines()[-1].split())
    ours = {name for name in loaded if name.split(".")[0] == "chiso"}
    allowed = ("chiso.account", "chiso.core")
    assert {name for name in ours if not name.startswith(allowed)} == {
        "chiso",
        "chiso.verify_bundle",
    }
    assert not loaded & set(_FORBIDDEN)
