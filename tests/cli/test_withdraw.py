"""Withdrawing erases; exporting gives a person all that is held about her."""

from __future__ import annotations

import base64
import json
import shutil
import stat
from collections.abc import Callable
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from tests.cli.running import (
    FAR_AWAY,
    HOME_FILES,
    KEYSTORE,
    PURPOSE,
    STORE,
    Chiso,
    Document,
    assert_error,
    assert_untouched,
    assert_whole,
    enrolment,
    run_alone,
)

from chiso import wiring
from chiso.account.checkpoint import parse_checkpoint, parse_note
from chiso.account.commitment import commitment
from chiso.account.erasure import DOMAINS, NEWEST
from chiso.account.merkle import leaf_hash, root_from_inclusion
from chiso.consent.receipt import SIGNING_DOMAIN

Volunteer = Callable[..., Path]
NAME = "Tsitsi-Ruvarashe Dzvairo"
GUARDIAN = "Ambuya Dzvairo-Nyoni"
WINDOW_BYTES = 12
FILES = ["log.json", "receipts.json", "references.json"]
# chiso whose files may not grow beyond this once it writes an export: the first fits, the last not.
EXPORTED_IN_LITTLE_ROOM = """
import resource, sys
from chiso.interfaces.cli import files, people
from chiso.interfaces.cli.main import main
def write(*given):
    resource.setrlimit(resource.RLIMIT_FSIZE, (5_000, 5_000))
    files.write_folder(*given)
people.write_folder = write
sys.exit(main())
"""


@pytest.fixture(scope="module")
def home_with_tsitsi(
    tmp_path_factory: pytest.TempPathFactory, models: Path, peopled_home: Path, volunteer: Volunteer
) -> Path:
    """A home with 001, 003 and 005, and with Tsitsi, for whom her guardian agreed; to copy."""
    home = tmp_path_factory.mktemp("tsitsi") / "home"
    shutil.copytree(peopled_home, home)
    (home.parent / "form.pdf").write_bytes(b"I agree for Tsitsi.")  # nobody else's digest
    photos = volunteer("006"), volunteer("006", "smiling")
    words = enrolment(home, NAME, *photos, PURPOSE, "verify", FAR_AWAY)
    run_alone(home, models, *words, "--guardian", GUARDIAN)
    run_alone(home, models, *enrolment(home, NAME, photos[0], PURPOSE, "identify", FAR_AWAY))
    return home


@pytest.fixture
def tsitsi(run: Chiso, home_with_tsitsi: Path) -> Chiso:
    """chiso, working in a home with Tsitsi."""
    return run.in_copy_of(home_with_tsitsi)


def test_withdrawing_leaves_no_byte_of_the_person_in_any_file(
    tsitsi: Chiso, volunteer: Volunteer
) -> None:
    traces = _traces(tsitsi)
    content = _all_bytes(tsitsi.home)
    assert all(trace in content for what, trace in traces if what != "template")

    erased = tsitsi.process("withdraw", NAME)

    assert erased.status == 0
    assert {path.name for path in tsitsi.home.iterdir()} == HOME_FILES
    content = _all_bytes(tsitsi.home)
    assert [what for what, trace in traces if trace in content] == []
    assert_whole(tsitsi)


def test_after_withdrawing_she_is_unknown_and_the_others_are_found(
    tsitsi: Chiso, volunteer: Volunteer
) -> None:
    photo = volunteer("006", "smiling")
    assert _found(tsitsi, photo) == [NAME]
    assert tsitsi("withdraw", NAME).document["key_destroyed"] is True

    assert _found(tsitsi, photo) == []
    refused = tsitsi("verify", NAME, photo, "--purpose", PURPOSE)
    assert_error(refused, 4, "no-consent")
    for other in ("001", "003", "005"):
        assert _found(tsitsi, volunteer(other, "smiling")) == [other]
        answer = tsitsi("verify", other, volunteer(other, "smiling"), "--purpose", PURPOSE)
        assert answer.document["decision"] == "match"
    assert NAME not in [each["subject"] for each in tsitsi("subjects").document["subjects"]]
    assert_whole(tsitsi)


def test_the_erasure_certificate_is_signed_and_counts_what_went(tsitsi: Chiso) -> None:
    before = tsitsi.holdings()
    erased = tsitsi("withdraw", NAME).document
    after = tsitsi.holdings()
    assert (erased["references"], erased["receipts"]) == (3, 2)
    assert before.references - after.references == 3
    assert before.receipts - after.receipts == 2
    body = erased["certificate"].encode()
    _public_key(tsitsi).verify(base64.b64decode(erased["signature"]), DOMAINS[NEWEST] + body)
    certificate = json.loads(body)
    assert (certificate["subject"], erased["key_destroyed"]) == (NAME, True)
    sizes = [parse_checkpoint(parse_note(certificate[f"checkpoint_{when}"]).text).size
             for when in ("before", "after")]  # fmt: skip
    assert sizes == [before.leaves, after.leaves]


def test_withdrawing_one_receipt_leaves_the_other(tsitsi: Chiso, volunteer: Volunteer) -> None:
    photo = volunteer("006", "smiling")
    held = tsitsi("receipts", NAME).document["receipts"]
    (verifying,) = [each["receipt"] for each in held if each["modes"] == ["verify"]]
    erased = tsitsi("withdraw", NAME, "--receipt", verifying).document
    assert (erased["references"], erased["key_destroyed"]) == (2, False)
    assert_error(tsitsi("verify", NAME, photo, "--purpose", PURPOSE), 4, "wrong-mode")
    assert _found(tsitsi, photo) == [NAME]
    assert_whole(tsitsi)


def test_withdrawing_every_receipt_one_by_one_destroys_the_key(tsitsi: Chiso) -> None:
    keys = tsitsi.holdings().keys
    held = tsitsi("receipts", NAME).document["receipts"]
    last = [tsitsi("withdraw", NAME, "--receipt", each["receipt"]).document for each in held][-1]
    assert last["key_destroyed"] is True
    assert len(keys - tsitsi.holdings().keys) == 1
    assert_whole(tsitsi)


@pytest.mark.parametrize("named", ["", "  ", "\n", "\udcff"])
def test_an_empty_receipt_id_withdraws_nothing(tsitsi: Chiso, named: str) -> None:
    before = tsitsi.holdings()
    assert_error(tsitsi("withdraw", NAME, "--receipt", named), 2, "bad-argument", "receipt")
    assert_untouched(tsitsi, before)


def test_who_withdrew_can_agree_again(tsitsi: Chiso, volunteer: Volunteer) -> None:
    ids = tsitsi.holdings().subjects
    tsitsi("withdraw", NAME)
    assert tsitsi.enrol(NAME, volunteer("006")).document["new_receipt"]
    assert _found(tsitsi, volunteer("006", "smiling")) == [NAME]
    assert len(tsitsi.holdings().subjects - ids) == 1  # nothing ties her to who she was
    assert_whole(tsitsi)


def test_nobody_can_withdraw_twice(tsitsi: Chiso) -> None:
    tsitsi("withdraw", NAME)
    assert_error(tsitsi("withdraw", NAME), 4, "no-consent", NAME)
    assert_whole(tsitsi)


def test_an_export_holds_her_receipts_with_signatures_that_verify(
    tsitsi: Chiso, tmp_path: Path
) -> None:
    exported = tsitsi("export", NAME, "--out", tmp_path / "hers")
    assert exported.document["files"] == ["index.html", *FILES]
    receipts = json.loads((tmp_path / "hers" / "receipts.json").read_bytes())
    assert len(receipts) == 2
    for each in receipts:
        signature = base64.b64decode(each["signature"])
        _public_key(tsitsi).verify(signature, SIGNING_DOMAIN + each["signed_text"].encode())
        assert json.loads(each["signed_text"]) == each["receipt"]
        assert each["receipt"]["parties"]["subject"] == NAME
    assert_whole(tsitsi)


def test_an_export_holds_log_proofs_that_verify_offline(tsitsi: Chiso, tmp_path: Path) -> None:
    tsitsi("export", NAME, "--out", tmp_path / "hers")
    log = json.loads((tmp_path / "hers" / "log.json").read_bytes())
    key = Ed25519PublicKey.from_public_bytes(base64.b64decode(log["public_key"]))
    assert len(log["leaves"]) == 5  # two receipts, two enrolments, this export
    for leaf in log["leaves"]:
        note = parse_note(leaf["checkpoint"])
        (line,) = note.signatures
        key.verify(line.signature, note.text)
        signed = parse_checkpoint(note.text)
        hashed = leaf_hash(commitment(bytes.fromhex(leaf["salt"]), leaf["payload"].encode()))
        assert hashed.hex() == leaf["leaf_hash"]
        path = [bytes.fromhex(step) for step in leaf["inclusion"]]
        assert root_from_inclusion(hashed, leaf["seq"], signed.size, path) == signed.root
        assert signed.origin == log["origin"]


def test_an_export_holds_no_template(tsitsi: Chiso, tmp_path: Path) -> None:
    secrets = [trace for what, trace in _traces(tsitsi) if what in {"template", "sealed", "key"}]
    tsitsi("export", NAME, "--out", tmp_path / "hers")
    files = [path.read_bytes() for path in (tmp_path / "hers").iterdir()]
    assert len(files) == 4
    for content in files:
        for secret in secrets:
            assert secret not in content
            assert secret.hex().encode() not in content
    references = json.loads((tmp_path / "hers" / "references.json").read_bytes())
    assert len(references) == 3
    assert not [value for each in references for value in each.values() if isinstance(value, list)]


@pytest.mark.parametrize("place", ["full", "file", "below a file"])
def test_an_export_goes_into_a_new_or_empty_folder_only(
    tsitsi: Chiso, tmp_path: Path, place: str
) -> None:
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "letter.txt").write_text("mine")
    (tmp_path / "file").write_text("mine")
    out = {"full": "full", "file": "file", "below a file": "file/out"}[place]
    refused = tsitsi("export", NAME, "--out", tmp_path / out)
    assert refused.status in (2, 6), refused
    assert "--out" in refused.document["error"]["hint"]
    assert (tmp_path / "file").read_text() == "mine"
    assert [path.name for path in (tmp_path / "full").iterdir()] == ["letter.txt"]
    assert_whole(tsitsi)


@pytest.mark.parametrize("there", [False, True], ids=["new folder", "empty folder"])
def test_an_export_is_for_its_owner_alone(tsitsi: Chiso, tmp_path: Path, there: bool) -> None:
    out = tmp_path / "hers"
    if there:
        out.mkdir(mode=0o755)
    assert tsitsi("export", NAME, "--out", out).status == 0
    assert stat.S_IMODE(out.stat().st_mode) == 0o700
    assert len(list(out.iterdir())) == 4
    assert {stat.S_IMODE(file.stat().st_mode) for file in out.iterdir()} == {0o600}
    assert not [each.name for each in tmp_path.iterdir() if each.name.startswith(".hers")]


def test_an_export_goes_into_the_empty_folder_one_stands_in(
    tsitsi: Chiso, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    assert tsitsi("export", NAME, "--out", ".").status == 0
    names = sorted(path.name for path in Path().iterdir())
    assert names == ["index.html", *FILES]


def test_a_file_that_may_not_grow_leaves_no_half_export(tsitsi: Chiso, tmp_path: Path) -> None:
    out = tmp_path / "hers"
    stopped = tsitsi.process("export", NAME, "--out", out, python=("-c", EXPORTED_IN_LITTLE_ROOM))
    assert_error(stopped, 6, "file-unreadable", str(out), "--out")
    assert not out.exists()
    assert not [each.name for each in tmp_path.iterdir() if each.name.startswith(".hers")]
    assert_whole(tsitsi)


@pytest.mark.parametrize(
    "statement",
    [
        "DELETE FROM log_leaves WHERE seq > 2",
        "UPDATE log_nodes SET node_hash = zeroblob(32)",
    ],
    ids=["her leaves gone", "hashes changed"],
)
def test_an_export_of_a_log_that_lost_what_concerns_her_proves_nothing(
    tsitsi: Chiso, tmp_path: Path, statement: str
) -> None:
    with tsitsi.database(STORE) as store:
        store.execute(statement)
    assert_error(tsitsi("export", NAME, "--out", tmp_path / "hers"), 5, "log-broken")
    assert not (tmp_path / "hers").exists()


def _traces(chiso: Chiso) -> list[tuple[str, bytes]]:
    """What is Tsitsi's alone, under the name of what it is; long secrets as every window."""
    traces = [("name", NAME.encode()), ("guardian", GUARDIAN.encode())]
    with chiso.database(STORE) as store, chiso.database(KEYSTORE) as keystore:
        query = "SELECT id FROM subjects WHERE label = ?"
        (subject,) = store.execute(query, (NAME,)).fetchone()
        for receipt, body, signature in store.execute(
            "SELECT id, body, signature FROM receipts WHERE subject_id = ?", (subject,)
        ):
            evidence = json.loads(body)["grounds"]["evidence_sha256"]
            traces += [("receipt", receipt.encode()), ("evidence", evidence.encode())]
            traces += _windows("signature", signature)
        for sealed, tag in store.execute(
            "SELECT sealed, photo_tag FROM reference_templates WHERE subject_id = ?", (subject,)
        ):
            traces += [*_windows("sealed", sealed), *_windows("photo tag", tag)]
        for salt, body in store.execute(
            "SELECT salt, body FROM log_payloads WHERE subject_id = ?", (subject,)
        ):
            traces += [*_windows("salt", salt), ("payload", body)]
        query = "SELECT wrapped FROM person_keys WHERE subject_id = ?"
        (wrapped,) = keystore.execute(query, (subject,)).fetchone()
        traces += _windows("key", wrapped)
    home = wiring.open_home(chiso.home)
    with home.store.reading() as view:
        for reference, terms in view.references(None, subject):
            key = home.keystore.key(terms.subject_id)
            assert key is not None
            plain = home.vault.open(reference.sealed, terms, reference.model, key)
            traces += _windows("template", plain)
    home.store.close()
    return traces


def _windows(what: str, secret: bytes) -> list[tuple[str, bytes]]:
    starts = range(0, len(secret) - WINDOW_BYTES + 1, WINDOW_BYTES)
    return [(what, secret[start : start + WINDOW_BYTES]) for start in starts]


def _all_bytes(home: Path) -> bytes:
    return b"\x00".join(path.read_bytes() for path in sorted(home.iterdir()))


def _public_key(chiso: Chiso) -> Ed25519PublicKey:
    document: Document = json.loads((chiso.home / "home.json").read_bytes())
    return Ed25519PublicKey.from_public_bytes(base64.b64decode(document["public_key"]))


def _found(chiso: Chiso, photo: Path) -> list[str]:
    (face,) = chiso("identify", photo, "--purpose", PURPOSE).document["faces"]
    return [each["subject"] for each in face["candidates"][:1]]


def test_the_certificate_can_be_kept_in_a_file_for_its_owner_alone(
    peopled: Chiso, tmp_path: Path
) -> None:
    file = tmp_path / "certificate.json"
    answer = peopled("withdraw", "001", "--out", file)
    assert answer.status == 0
    assert json.loads(file.read_text()) == answer.document
    assert file.stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("name", ["there.json", "no-such-folder/certificate.json"])
def test_nothing_is_erased_when_the_certificate_could_not_be_kept(
    peopled: Chiso, tmp_path: Path, name: str
) -> None:
    (tmp_path / "there.json").write_text("mine")
    before = peopled.holdings()
    assert peopled("withdraw", "001", "--out", tmp_path / name).status in {2, 6}
    assert_untouched(peopled, before)
    assert (tmp_path / "there.json").read_text() == "mine"


def test_no_empty_certificate_is_left_when_there_is_nobody_to_erase(
    peopled: Chiso, tmp_path: Path
) -> None:
    file = tmp_path / "certificate.json"
    assert peopled("withdraw", "nobody", "--out", file).status == 4
    assert not file.exists()


def test_withdrawing_one_receipt_says_that_it_is_kept(peopled: Chiso) -> None:
    receipt = peopled("receipts", "001").document["receipts"][0]["receipt"]
    answer = peopled("withdraw", "001", "--receipt", receipt).document
    assert (answer["references"], answer["receipts"], answer["receipts_withdrawn"]) == (1, 0, 1)
    assert peopled("receipts", "001").document["receipts"][0]["state"] == "withdrawn"
