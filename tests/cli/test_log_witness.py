"""`chiso log witness` and `chiso log compare`, against real witnesses on free ports."""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread

import pytest
from tests.cli.running import STORE, Chiso, assert_error, assert_whole
from tests.witness.running import Listening, listens

from chiso import wiring_witness
from chiso.account.checkpoint import Note, note_text, parse_checkpoint, parse_note
from chiso.interfaces.cli.main import main
from chiso.services import witness as witnesses


@pytest.fixture
def first(tmp_path: Path) -> Iterator[Listening]:
    with listens(wiring_witness.make_witness(tmp_path / "first", "first.example")) as heard:
        yield heard


@pytest.fixture
def second(tmp_path: Path) -> Iterator[Listening]:
    with listens(wiring_witness.make_witness(tmp_path / "second", "second.example")) as heard:
        yield heard


def _know_each_other(chiso: Chiso, *heard: Listening) -> None:
    for each in heard:
        added = chiso("log", "witness", "add", *each.address)
        assert added.status == 0, added
        witnesses.trust(each.witness, added.document["log_vkey"])


def _grow(chiso: Chiso, purpose: str = "clinic door") -> None:
    """One more leaf: a rule that says which branch this is."""
    assert chiso("retention", "set", purpose, "--max", "1y").status == 0


def _size(note: str) -> int:
    return parse_checkpoint(parse_note(note).text).size


def _names(note: str) -> list[str]:
    return [line.key_name for line in parse_note(note).signatures]


def _known(heard: Listening) -> int:
    (log,) = witnesses.logs(heard.witness)
    return log.checkpoint.size


def test_a_home_is_cosigned_as_it_grows_and_keeps_what_was_signed(
    run: Chiso, first: Listening, second: Listening
) -> None:
    _know_each_other(run, first, second)
    sizes = []
    for _ in range(3):
        asked = run("log", "witness", "ask")
        assert asked.status == 0, asked
        note = asked.document["checkpoint"]
        assert _names(note)[1:] == ["first.example", "second.example"]
        assert all(each["cosigned"] and not each["error"] for each in asked.document["witnesses"])
        sizes.append(_size(note))
        _grow(run)
    assert sizes == sorted(set(sizes))
    listed = run("log", "witness", "list").document["witnesses"]
    assert [(each["name"], each["size"]) for each in listed] == [
        ("first.example", sizes[-1]),
        ("second.example", sizes[-1]),
    ]
    assert run("log", "verify").document["cosigned"] == dict.fromkeys(
        ["first.example", "second.example"], sizes[-1]
    )
    assert_whole(run)


def test_a_checkpoint_on_demand_asks_the_witnesses_that_are_named(
    run: Chiso, first: Listening, tmp_path: Path
) -> None:
    assert run("log", "checkpoint").document["witnesses"] == []
    _know_each_other(run, first)
    unasked = run("log", "checkpoint", "--no-witness").document
    assert (_names(unasked["checkpoint"])[1:], unasked["witnesses"]) == ([], [])
    made = run("log", "checkpoint", "--out", tmp_path / "today")
    assert made.status == 0, made
    assert _names(made.document["checkpoint"])[1:] == ["first.example"]
    assert (tmp_path / "today").read_text() == made.document["checkpoint"]
    (asked,) = made.document["witnesses"]
    assert asked["cosigned"]
    file, key = tmp_path / "bundle", first.address[1]
    assert run("log", "bundle", "--out", file).status == 0
    checked = run("log", "verify", "--bundle", file, "--witness", key)
    assert list(checked.document["cosigned"]) == ["first.example"]


def test_a_checkpoint_is_made_and_kept_whatever_a_witness_answers(
    run: Chiso, first: Listening, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with listens(wiring_witness.make_witness(tmp_path / "silent", "silent.example")) as silent:
        _know_each_other(run, silent)
    made = run("log", "checkpoint", "--out", tmp_path / "alone")
    assert (made.status, made.document["witnesses"][0]["error"]["code"]) == (6, "witness-silent")
    assert "does not answer" in made.stderr
    assert run("log", "checkpoints").documents[-1]["checkpoint"] == made.document["checkpoint"]
    assert run("log", "verify", "--since", tmp_path / "alone").status == 0

    # One that has seen another history of this log says so; what was made is kept all the same.
    _know_each_other(run, first)
    shutil.copytree(run.home, tmp_path / "copy")
    _grow(run)
    assert run("log", "witness", "remove", "silent.example").status == 0
    assert run("log", "checkpoint").status == 0
    for purpose in ("canteen", "library"):
        _grow(run, purpose)
    other = ("--home", str(tmp_path / "copy"))
    forked = main(["log", "checkpoint", "--out", str(tmp_path / "forked"), *other])
    assert forked == 5
    assert "has seen" in capsys.readouterr().err
    assert run("log", "verify", "--since", tmp_path / "forked", *other).status == 0


def test_a_checkpoint_asked_for_again_keeps_its_cosignatures(run: Chiso, first: Listening) -> None:
    _know_each_other(run, first)
    asked = parse_note(run("log", "witness", "ask").document["checkpoint"])
    again = parse_note(run("log", "checkpoint").document["checkpoint"])
    # Not letter by letter: the witness was asked again, perhaps in another second.
    assert again.text == asked.text
    assert again.signatures[0] == asked.signatures[0]
    assert [each.key_name for each in again.signatures[1:]] == ["first.example"]


def test_a_home_that_forgot_what_was_cosigned_asks_again_with_the_size_it_is_told(
    run: Chiso, first: Listening
) -> None:
    _know_each_other(run, first)
    assert run("log", "witness", "ask").status == 0
    with run.database(STORE) as store:
        store.execute("DELETE FROM log_checkpoints")
    _grow(run)
    first.told.clear()
    assert run("log", "witness", "ask").status == 0
    assert [line[:3] for line in first.told] == ["409", "200"]


def test_an_answer_that_was_lost_is_asked_for_again(
    run: Chiso, first: Listening, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As where the witness was killed after it had remembered and before it answered."""
    _know_each_other(run, first)
    heard = first.server.answer

    def break_off(body: bytes) -> None:
        heard(body)
        raise ConnectionAbortedError

    monkeypatch.setattr(first.server, "answer", break_off)
    assert run("log", "witness", "ask").status == 6
    monkeypatch.setattr(first.server, "answer", heard)
    assert _known(first) > 0
    assert run("log", "witness", "ask").status == 0


def test_a_witness_that_does_not_answer_does_not_keep_others_from_it(
    run: Chiso, first: Listening, tmp_path: Path
) -> None:
    _know_each_other(run, first)
    silent = wiring_witness.make_witness(tmp_path / "silent", "a.silent.example")
    with listens(silent) as heard:
        _know_each_other(run, heard)
    asked = run("log", "witness", "ask")
    assert asked.status == 6
    by_name = {each["name"]: each for each in asked.document["witnesses"]}
    assert by_name["a.silent.example"]["error"]["code"] == "witness-silent"
    assert by_name["first.example"]["cosigned"]
    assert _names(asked.document["checkpoint"])[1:] == ["first.example"]
    assert "does not answer" in asked.stderr


def test_a_witness_that_does_not_serve_this_log_is_told_its_key(
    run: Chiso, first: Listening
) -> None:
    run("log", "witness", "add", *first.address)
    asked = run("log", "witness", "ask")
    assert asked.status == 6
    error = asked.document["witnesses"][0]["error"]
    assert error["code"] == "witness-refused"
    assert run("log", "witness", "vkey").document["vkey"] in error["hint"]


def test_a_forked_history_shown_to_two_witnesses_is_refused_and_proved(
    run: Chiso, first: Listening, second: Listening, tmp_path: Path
) -> None:
    """The attack: one home, copied with its keys, shows each witness another history."""
    _know_each_other(run, first, second)
    assert run("log", "witness", "ask").status == 0
    shutil.copytree(run.home, tmp_path / "copy")
    copy = tmp_path / "copy"

    # Each branch is cosigned by one of the two, which knows no better.
    run("log", "witness", "remove", "second.example")
    here = run("log", "witness", "ask")
    assert here.status == 0
    removed = run("log", "witness", "remove", "first.example", "--home", copy)
    assert removed.status == 0
    there = run("log", "witness", "ask", "--home", copy)
    assert there.status == 0
    notes = {"mine": here.document["checkpoint"], "theirs": there.document["checkpoint"]}
    assert _size(notes["mine"]) == _size(notes["theirs"])
    for name, note in notes.items():
        (tmp_path / name).write_text(note, "utf-8")

    # Whoever holds both notes has proof, with neither home nor network.
    key = run("log", "witness", "vkey").document["vkey"]
    words: list[str | Path] = ["--key", key, "--home", tmp_path / "nowhere"]
    for heard in (first, second):
        words += ["--witness", heard.address[1]]
    compared = run("log", "compare", tmp_path / "mine", tmp_path / "theirs", *words)
    assert compared.status == 5
    assert compared.document["comparison"] == "forked"
    assert [sorted(each["cosigned"]) for each in compared.document["checkpoints"]] == [
        ["first.example"],
        ["second.example"],
    ]

    # A witness that saw one branch refuses the other, and keeps it.
    assert run("log", "witness", "add", *first.address, "--home", copy).status == 0
    refused = run("log", "witness", "ask", "--home", copy)
    assert refused.status == 5
    by_name = {each["name"]: each for each in refused.document["witnesses"]}
    assert by_name["first.example"]["error"]["code"] == "log-forked"
    assert by_name["second.example"]["cosigned"]
    (known,) = witnesses.logs(first.witness)
    assert known.refused is not None
    assert _size(known.refused.note) == _size(notes["theirs"]) + 1


def test_a_home_put_back_whole_is_found_by_its_witness(
    run: Chiso, first: Listening, tmp_path: Path
) -> None:
    """Database, keystore and log.note together: nothing inside the home can tell."""
    _know_each_other(run, first)
    shutil.copytree(run.home, tmp_path / "yesterday")
    _grow(run)
    assert run("log", "witness", "ask").status == 0
    run.in_copy_of(tmp_path / "yesterday")
    assert run("log", "verify").status == 0
    asked = run("log", "witness", "ask")
    assert asked.status == 5
    assert asked.document["witnesses"][0]["error"]["code"] == "log-forked"


def test_a_witness_put_back_is_found_by_the_home(
    run: Chiso, first: Listening, tmp_path: Path
) -> None:
    _know_each_other(run, first)
    run("log", "witness", "ask")
    shutil.copy(tmp_path / "first" / "state.sqlite3", tmp_path / "yesterday")
    _grow(run)
    assert run("log", "witness", "ask").status == 0
    shutil.copy(tmp_path / "yesterday", tmp_path / "first" / "state.sqlite3")
    _grow(run)
    asked = run("log", "witness", "ask")
    assert asked.status == 5
    assert asked.document["witnesses"][0]["error"]["code"] == "witness-forgot"


def test_a_witness_whose_state_was_edited_does_not_sign(
    run: Chiso, first: Listening, tmp_path: Path
) -> None:
    _know_each_other(run, first)
    run("log", "witness", "ask")
    with closing(sqlite3.connect(tmp_path / "first" / "state.sqlite3")) as state, state:
        state.execute("UPDATE logs SET note = NULL")
    asked = run("log", "witness", "ask")
    assert asked.status == 6
    assert "500" in asked.document["witnesses"][0]["error"]["message"]


def test_a_cosignature_forged_in_the_database_is_found(run: Chiso, first: Listening) -> None:
    _know_each_other(run, first)
    note = parse_note(run("log", "witness", "ask").document["checkpoint"])
    own, theirs = note.signatures
    later = theirs.signature[:7] + bytes([theirs.signature[7] ^ 1]) + theirs.signature[8:]
    bent = Note(note.text, (own, type(theirs)(theirs.key_name, theirs.key_hash, later)))
    with run.database(STORE) as store:
        store.execute(
            "UPDATE log_checkpoints SET note = ? WHERE note LIKE '%first%'", (note_text(bent),)
        )
    assert_error(run("log", "verify"), 5, "cosignature-invalid", "first.example")


@pytest.mark.parametrize(
    "edit",
    [
        "UPDATE settings SET value = '[]' WHERE name = 'witnesses'",
        "DELETE FROM settings WHERE name = 'witnesses'",
        "UPDATE settings SET value = replace(value, '127.0.0.1', '127.0.0.2')",
    ],
)
def test_witnesses_edited_in_the_database_are_found(
    run: Chiso, first: Listening, edit: str
) -> None:
    _know_each_other(run, first)
    assert run("log", "verify").status == 0
    with run.database(STORE) as store:
        store.execute(edit)
    assert_error(run("log", "verify"), 5, "log-broken", "witnesses")


def test_a_removed_witness_is_asked_no_more_and_its_name_may_come_back(
    run: Chiso, first: Listening
) -> None:
    _know_each_other(run, first)
    assert run("log", "witness", "remove", "first.example").status == 0
    assert_error(run("log", "witness", "ask"), 6, "witness-missing", "log witness add")
    assert_error(run("log", "witness", "remove", "first.example"), 6, "witness-missing")
    assert run("log", "witness", "add", *first.address).status == 0
    assert run("log", "witness", "ask").status == 0


def test_one_name_has_one_key_and_may_move(run: Chiso, first: Listening, tmp_path: Path) -> None:
    _know_each_other(run, first)
    url, vkey = first.address
    assert run("log", "witness", "add", "http://elsewhere.example", vkey).status == 0
    listed = run("log", "witness", "list").document["witnesses"]
    assert [each["url"] for each in listed] == ["http://elsewhere.example"]
    other = wiring_witness.make_witness(tmp_path / "namesake", "first.example")
    with listens(other) as heard:
        assert_error(run("log", "witness", "add", url, heard.address[1]), 2, "bad-argument")


@pytest.mark.parametrize(
    "url",
    [
        "",
        "witness.example",
        "ftp://witness.example",
        "file:///etc/passwd",
        "http://user:secret@witness.example",
        "http://witness.example/?q",
        "http://witness.example/a b",
        "http://witness.example\r\nX: y",
        "http://",
        "http://witness..example",
        f"http://{'x' * 64}.example",
        "http://[:::]",
        "http://witness.example:99999",
    ],
)
def test_what_is_no_address_of_a_witness_is_refused(run: Chiso, first: Listening, url: str) -> None:
    refused = run("log", "witness", "add", url, first.address[1])
    assert_error(refused, 2, "bad-argument", "address")


def test_a_logs_key_is_no_witnesss_key(run: Chiso) -> None:
    own = run("log", "witness", "vkey").document["vkey"]
    refused = run("log", "witness", "add", "http://w.example", own)
    assert_error(refused, 2, "bad-argument", "witness's key")


_Answer = Callable[[BaseHTTPRequestHandler], None]


def _reply(status: int, body: bytes, kind: str = "text/plain") -> _Answer:
    def answer(desk: BaseHTTPRequestHandler) -> None:
        desk.send_response(status)
        desk.send_header("Content-Type", kind)
        desk.send_header("Content-Length", str(len(body)))
        desk.end_headers()
        desk.wfile.write(body)

    return answer


def _redirect(desk: BaseHTTPRequestHandler) -> None:
    desk.send_response(HTTPStatus.FOUND)
    desk.send_header("Location", "http://127.0.0.1:1/")
    desk.send_header("Content-Length", "0")
    desk.end_headers()


@pytest.mark.parametrize(
    ("answer", "status", "code"),
    [
        (_reply(200, b""), 5, "cosignature-invalid"),
        (_reply(200, b"\xff\n"), 5, "cosignature-invalid"),
        (_reply(200, "— first.example AAAAAAAA\n".encode()), 5, "cosignature-invalid"),
        (_reply(200, b"x" * 70_000), 6, "witness-silent"),
        (_reply(409, b"5\n"), 6, "witness-refused"),
        (_reply(409, b"many\n", "text/x.tlog.size"), 6, "witness-refused"),
        (_reply(409, b"9" * 60_000, "text/x.tlog.size"), 6, "witness-refused"),
        (_reply(409, b"999999\n", "text/x.tlog.size"), 5, "log-forked"),
        (_reply(403, b"no\n\x1b[31m"), 6, "witness-refused"),
        (_reply(500, b""), 6, "witness-refused"),
        (_redirect, 6, "witness-refused"),
    ],
)
def test_a_witness_that_answers_nonsense_changes_nothing(
    run: Chiso, first: Listening, answer: _Answer, status: int, code: str
) -> None:
    class Liar(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))
            answer(self)

        def log_message(self, *_: object) -> None: ...

    with HTTPServer(("127.0.0.1", 0), Liar) as server:
        thread = Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        url = f"http://127.0.0.1:{server.server_address[1]}"
        run("log", "witness", "add", url, first.address[1])
        asked = run("log", "witness", "ask")
        server.shutdown()
        thread.join()
    assert asked.status == status, asked
    assert asked.document["witnesses"][0]["error"]["code"] == code
    assert _names(asked.document["checkpoint"])[1:] == []
    assert "\x1b" not in asked.stderr
    assert run("log", "verify").document["cosigned"] == {}


def test_two_checkpoints_of_one_tree_and_of_two_sizes_are_told_apart(
    run: Chiso, tmp_path: Path
) -> None:
    for name in ("one", "again", "later"):
        assert run("log", "checkpoint", "--out", tmp_path / name).status == 0
        if name == "again":
            _grow(run)
    same = run("log", "compare", tmp_path / "one", tmp_path / "again")
    assert (same.status, same.document["comparison"]) == (0, "same")
    other = run("log", "compare", tmp_path / "one", tmp_path / "later")
    assert (other.status, other.document["comparison"]) == (1, "undecided")


def test_a_note_that_the_log_did_not_sign_proves_nothing_against_it(
    run: Chiso, first: Listening, tmp_path: Path
) -> None:
    run("log", "checkpoint", "--out", tmp_path / "one")
    forged = (tmp_path / "one").read_text("utf-8").replace("\n", "0\n", 2)
    (tmp_path / "forged").write_text(forged.replace("0\n", "\n", 1), "utf-8")
    assert_error(run("log", "compare", tmp_path / "one", tmp_path / "forged"), 5, "log-broken")
    (tmp_path / "none").write_bytes(b"\xff")
    assert_error(run("log", "compare", tmp_path / "one", tmp_path / "none"), 2, "bad-argument")
    words = ("--key", first.address[1])
    refused = run("log", "compare", tmp_path / "one", tmp_path / "one", *words)
    assert_error(refused, 5, "log-broken", "another log")


_NO_SOCKETS = """
import sys
def watch(event, arguments):
    if event.startswith("socket."):
        raise AssertionError(event)
sys.addaudithook(watch)
from chiso.interfaces.cli.main import main
sys.exit(main())
"""


@pytest.mark.parametrize(
    "words",
    [
        ("log", "verify"),
        ("log", "checkpoint", "--no-witness"),
        ("log", "schedule", "--leaves", "1"),
        ("log", "bundle", "--out", "everything.bundle.json"),
        ("log", "witness", "list"),
        ("subjects",),
    ],
    ids=" ".join,
)
def test_only_asking_goes_out(
    run: Chiso, first: Listening, words: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(run.home.parent)
    _know_each_other(run, first)
    done = run.process(*words, python=("-c", _NO_SOCKETS))
    assert done.status == 0, done
    assert first.told == []


def test_asking_goes_to_no_proxy_and_the_watch_for_sockets_would_see_it(
    run: Chiso, first: Listening, monkeypatch: pytest.MonkeyPatch
) -> None:
    _know_each_other(run, first)
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:1")
    assert run("log", "witness", "ask").status == 0
    assert run.process("log", "witness", "ask", python=("-c", _NO_SOCKETS)).status == 70
