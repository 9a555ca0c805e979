"""`chiso erasure`: a certificate holds by itself and at its home; a changed one does not."""

from __future__ import annotations

import base64
import json
import shutil
from pathlib import Path

import pytest
from tests.cli.running import (
    KEYSTORE,
    STORE,
    Chiso,
    Document,
    assert_error,
    assert_whole,
)

from chiso import wiring
from chiso.account.checkpoint import ED25519, VerifierKey, vkey_text
from chiso.account.erasure import DOMAINS
from chiso.core.canonical import canonical_json


def _home_key(chiso: Chiso) -> str:
    return str(json.loads((chiso.home / "home.json").read_bytes())["public_key"])


def _withdrawn(chiso: Chiso, subject: str = "001") -> Path:
    """001's certificate, in a file beside the home."""
    file = chiso.home.parent / f"{subject}.json"
    assert chiso("withdraw", subject, "--out", file).status == 0
    return file


def _signed_by_home(chiso: Chiso, body: bytes, version: int) -> Document:
    signer = wiring.open_home(chiso.home).signer
    signature = base64.b64encode(signer.sign(DOMAINS[version] + body)).decode()
    return {"certificate": body.decode(), "signature": signature}


def _edited(chiso: Chiso, file: Path, **changes: object) -> Path:
    """The certificate with other claims, signed by the home as if it had lied."""
    said = json.loads(json.loads(file.read_text())["certificate"]) | changes
    other = file.with_name("edited.json")
    other.write_text(json.dumps(_signed_by_home(chiso, canonical_json(said), 2)))
    return other


def test_a_certificate_holds_by_itself_and_at_its_home(peopled: Chiso) -> None:
    file = _withdrawn(peopled)
    key = _home_key(peopled)
    alone = peopled("erasure", "verify", file, "--public-key", key)
    assert (alone.status, alone.document["key_from"]) == (0, "given")
    document = alone.document
    counts = {each["what"]: each["count"] for each in document["destroyed"]}
    assert counts["keys"] == counts["references"] == counts["receipts"] == counts["labels"] == 1
    assert counts["cohort-statistics"] == 0
    assert document["log_after"] == document["log_before"] + 1 == document["leaf"] + 1
    at_home = peopled("erasure", "verify", file, "--home", peopled.home)
    assert (at_home.status, at_home.document["key_from"]) == (0, "home")


def test_without_a_key_it_is_said_to_be_the_certificates_own_word(peopled: Chiso) -> None:
    answer = peopled("erasure", "verify", _withdrawn(peopled))
    assert (answer.status, answer.document["key_from"]) == (0, "certificate")
    assert "Nobody but the certificate itself" in answer.stderr


def test_the_homes_key_can_be_given_as_one_word(peopled: Chiso) -> None:
    file = _withdrawn(peopled)
    home_id = json.loads((peopled.home / "home.json").read_bytes())["home_id"]
    key = base64.b64decode(_home_key(peopled))
    word = vkey_text(VerifierKey(f"chiso/{home_id}", ED25519, key))
    assert peopled("erasure", "verify", file, "--key", word).status == 0
    others = vkey_text(VerifierKey("chiso/another", ED25519, key))
    assert_error(peopled("erasure", "verify", file, "--key", others), 2, "bad-argument", "another")


def test_what_withdraw_prints_for_people_is_a_certificate_too(
    peopled: Chiso, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    from chiso.interfaces.cli.main import main

    assert main(["withdraw", "001", "--home", str(peopled.home)]) == 0
    (line,) = [each for each in capsys.readouterr().out.splitlines() if each.startswith("{")]
    file = tmp_path / "copied.json"
    file.write_text(line)
    assert peopled("erasure", "verify", file, "--home", peopled.home).status == 0


def test_a_lost_certificate_is_printed_again_without_the_name(peopled: Chiso) -> None:
    file = _withdrawn(peopled)
    first = json.loads(json.loads(file.read_text())["certificate"])
    peopled("withdraw", "003")
    told = peopled("erasure", "list").document["erasures"]
    assert told[0]["subject_id"] == first["subject_id"]
    for which in (str(told[0]["seq"]), told[0]["subject_id"]):
        again = peopled("erasure", "show", which).document
        assert json.loads(again["certificate"]) == first | {"subject": None}
        file.write_text(json.dumps(again))
        assert peopled("erasure", "verify", file, "--home", peopled.home).status == 0
    for which in ("0", "999", "nobody"):
        assert_error(peopled("erasure", "show", which), 6, "leaf-missing")


def test_a_certificate_of_one_receipt_holds(peopled: Chiso, tmp_path: Path) -> None:
    receipt = peopled("receipts", "001").document["receipts"][0]["receipt"]
    file = tmp_path / "one.json"
    assert peopled("withdraw", "001", "--receipt", receipt, "--out", file).status == 0
    answer = peopled("erasure", "verify", file, "--home", peopled.home)
    assert (answer.document["receipts_withdrawn"], answer.document["receipt"]) == (1, receipt)
    another = peopled("erasure", "verify", _edited(peopled, file, receipt="another"))
    assert_error(another, 5, "certificate-invalid", "receipt", "another")
    peopled("withdraw", "001")  # it goes on holding when the leaf's content is gone from the home
    assert peopled("erasure", "verify", file, "--home", peopled.home).status == 0
    files = b"".join(each.read_bytes() for each in peopled.home.iterdir())
    assert receipt.encode() not in files


def test_who_agrees_anew_afterwards_is_somebody_else_to_a_certificate(
    peopled: Chiso, london: Path
) -> None:
    file = _withdrawn(peopled)
    assert peopled.enrol("001", london / "001_neutral.jpg").status == 0
    assert peopled("erasure", "verify", file, "--home", peopled.home).status == 0


@pytest.mark.parametrize("part", ["text", "signature", "summary"])
def test_a_certificate_that_was_changed_does_not_hold(peopled: Chiso, part: str) -> None:
    file = _withdrawn(peopled)
    document = json.loads(file.read_text())
    if part == "text":
        document["certificate"] = document["certificate"].replace('"001"', '"003"')
        document["subject"] = "003"
    elif part == "signature":
        document["signature"] = base64.b64encode(bytes(64)).decode()
    else:
        document["references"] = 7
    file.write_text(json.dumps(document))
    word = "references" if part == "summary" else "signature"
    for more in ([], ["--home", peopled.home], ["--public-key", _home_key(peopled)]):
        answer = peopled("erasure", "verify", file, *more)
        assert_error(answer, 5, "certificate-invalid", word)


def test_a_home_that_signs_what_its_log_does_not_say_is_caught(peopled: Chiso) -> None:
    file = _withdrawn(peopled)
    said = json.loads(json.loads(file.read_text())["certificate"])
    leaf = said["leaf"]
    fewer = [each | {"count": 9} for each in said["destroyed"]]
    lies: list[tuple[dict[str, object], str]] = [
        ({"subject_id": "another"}, "erased subject"),
        ({"at": "2026-01-01T00:00:00Z"}, "at:"),
        ({"destroyed": fewer}, "references"),
        ({"receipts_withdrawn": 4}, "receipts withdrawn"),
        ({"checkpoint_before": said["checkpoint_after"], "consistency": []}, "before the erasure"),
        ({"checkpoint_before": said["checkpoint_after"]}, "does not begin"),
        ({"consistency": ["00" * 32]}, "does not begin"),
        ({"leaf": leaf | {"seq": leaf["seq"] - 1}}, "not leaf"),
        ({"leaf": leaf | {"payload": leaf["payload"].replace("erased", "ERASED")}}, "not leaf"),
        ({"leaf": leaf | {"salt": "00" * 32}}, "not leaf"),
        ({"leaf": leaf | {"inclusion": leaf["inclusion"][:-1]}}, "not leaf"),
    ]
    for changes, word in lies:
        answer = peopled("erasure", "verify", _edited(peopled, file, **changes))
        assert_error(answer, 5, "certificate-invalid", word)


def test_a_person_put_back_after_her_erasure_is_found(peopled: Chiso, tmp_path: Path) -> None:
    """Her key, out of an older keystore, in today's home."""
    older = tmp_path / "older"
    shutil.copyfile(peopled.home / KEYSTORE, older)
    file = _withdrawn(peopled)
    subject_id = json.loads(json.loads(file.read_text())["certificate"])["subject_id"]
    with peopled.database(KEYSTORE) as keystore:
        keystore.execute("ATTACH ? AS older", (str(older),))
        query = "INSERT INTO person_keys SELECT * FROM older.person_keys WHERE subject_id = ?"
        keystore.execute(query, (subject_id,))
    answer = peopled("erasure", "verify", file, "--home", peopled.home)
    assert_error(answer, 5, "certificate-invalid", "her key")


def test_an_older_database_does_not_bear_a_certificate_out(peopled: Chiso, tmp_path: Path) -> None:
    shutil.copytree(peopled.home, tmp_path / "older")
    file = _withdrawn(peopled)
    (peopled.home / STORE).write_bytes((tmp_path / "older" / STORE).read_bytes())
    assert peopled("erasure", "verify", file, "--home", peopled.home).status == 5
    answer = peopled("erasure", "verify", file, "--home", tmp_path / "older")
    assert_error(answer, 5, "certificate-invalid", "earlier copy")


def test_a_certificate_of_another_home_says_so(peopled: Chiso, tmp_path: Path) -> None:
    file = _withdrawn(peopled)
    other = tmp_path / "other"
    wiring.make_home(other, "Clinic", "offline")[0].store.close()
    answer = peopled("erasure", "verify", file, "--home", other)
    assert_error(answer, 5, "certificate-invalid", "home")
    theirs = json.loads((other / "home.json").read_bytes())["public_key"]
    assert_error(
        peopled("erasure", "verify", file, "--public-key", theirs), 5, "certificate-invalid"
    )


def test_certificates_of_version_1_are_still_read(peopled: Chiso) -> None:
    note = peopled("log", "checkpoint").document["checkpoint"]
    home_id = json.loads((peopled.home / "home.json").read_bytes())["home_id"]
    body = canonical_json(
        {
            "v": 1,
            "subject": "001",
            "home": home_id,
            "at": "2026-11-23T12:00:00Z",
            "references": 1,
            "receipts": 1,
            "receipts_withdrawn": 0,
            "log_payloads": 2,
            "key_destroyed": True,
            "checkpoint_before": note,
            "checkpoint_after": note,
        }
    )
    file = peopled.home.parent / "old.json"
    file.write_text(json.dumps(_signed_by_home(peopled, body, 1)))
    answer = peopled("erasure", "verify", file, "--public-key", _home_key(peopled))
    assert (answer.status, answer.document["version"], answer.document["leaf"]) == (0, 1, None)
    assert peopled("erasure", "verify", file, "--home", peopled.home).status == 0
    assert_error(peopled("erasure", "verify", file), 2, "bad-argument", "--public-key")
    file.write_text(json.dumps(_signed_by_home(peopled, body, 2)))  # under the other domain
    answer = peopled("erasure", "verify", file, "--public-key", _home_key(peopled))
    assert_error(answer, 5, "certificate-invalid", "signature")


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"not JSON",
        b"\xff\xfe",
        b"[]",
        b'"text"',
        b"{}",
        b'{"certificate": "{}", "signature": ""}',
        b'{"certificate": "[1]", "signature": ""}',
        b'{"certificate": 3, "signature": ""}',
        b'{"certificate": "{\\"v\\": 3}", "signature": ""}',
        b'{"certificate": "{\\"v\\": [1]}", "signature": ""}',
        b'{"certificate": "{\\"v\\": 2}", "signature": "!"}',
        b"[" * 100_000,
    ],
)
def test_what_is_no_certificate_is_called_that(
    peopled: Chiso, tmp_path: Path, content: bytes
) -> None:
    file = tmp_path / "file"
    file.write_bytes(content)
    assert_error(peopled("erasure", "verify", file), 2, "bad-argument", "no erasure certificate")


@pytest.mark.parametrize("option", ["--key", "--public-key"])
@pytest.mark.parametrize("key", ["", "short", "a+b+c", "AAAA", "é"])
def test_what_is_no_key_is_called_that(peopled: Chiso, option: str, key: str) -> None:
    answer = peopled("erasure", "verify", _withdrawn(peopled), option, key)
    assert_error(answer, 2, "bad-argument", "key")
    assert_whole(peopled)


@pytest.mark.parametrize(
    ("content", "why"),
    [
        ("no", "it is not JSON."),
        ("{}", "it has no field `signature`."),
        ("[]", "its fields are not of a certificate's kinds."),
        ('{"certificate": "{}", "signature": ""}', "its signed text has no field `v`."),
    ],
)
def test_what_a_certificate_lacks_is_said_in_words(
    peopled: Chiso, tmp_path: Path, content: str, why: str
) -> None:
    (tmp_path / "file").write_text(content)
    done = peopled("erasure", "verify", tmp_path / "file")
    assert_error(done, 2, "bad-argument", f"This is no erasure certificate: {why}")
