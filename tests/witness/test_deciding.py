"""What a witness cosigns, what it refuses and why, and what it remembers."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest
from tests.witness.logs import MadeUpLog

from chiso import wiring_witness
from chiso.account.checkpoint import parse_note, signed_note
from chiso.account.cosignature import cosigned_at
from chiso.account.tlog_witness import (
    SIZE_TYPE,
    AddCheckpoint,
    Reply,
    Status,
    parse_size_body,
    request_body,
)
from chiso.adapters.signing import Ed25519Signer
from chiso.core.errors import ChisoError, Code
from chiso.core.witness import WatchedLog, WitnessState
from chiso.services.witness import Witness, add_checkpoint, logs, trust

_Edit = Callable[[sqlite3.Connection], object]


def _known_size(witness: Witness) -> int:
    (known,) = logs(witness)
    return known.checkpoint.size


def _seen(witness: Witness, log: MadeUpLog, size: int) -> None:
    """Let the witness cosign this size, as its first."""
    trust(witness, log.vkey)
    assert add_checkpoint(witness, log.request(0, size)).status is Status.COSIGNED


def _assert_conflict(reply: Reply, size: int) -> None:
    assert (reply.status, reply.content_type) == (Status.CONFLICT, SIZE_TYPE)
    assert parse_size_body(reply.body) == size


def test_a_log_that_grows_is_cosigned_at_every_size(witness: Witness, log: MadeUpLog) -> None:
    trust(witness, log.vkey)
    for old, new in [(0, 1), (1, 4), (4, 7)]:
        reply = add_checkpoint(witness, log.request(old, new))
        assert reply.status is Status.COSIGNED
        note = parse_note(log.note(new) + reply.body.decode())
        assert cosigned_at(note, witness.key, witness.verify) is not None
        assert _known_size(witness) == new


def test_the_same_checkpoint_is_cosigned_again(witness: Witness, log: MadeUpLog) -> None:
    _seen(witness, log, 7)
    assert add_checkpoint(witness, log.request(7)).status is Status.COSIGNED
    assert _known_size(witness) == 7


def test_an_empty_log_is_cosigned_as_what_it_is(witness: Witness) -> None:
    log = MadeUpLog()
    _seen(witness, log, 0)
    assert _known_size(witness) == 0


def test_an_unknown_log_is_not_found(witness: Witness, log: MadeUpLog) -> None:
    assert add_checkpoint(witness, log.request(0)).status is Status.UNKNOWN_LOG
    assert logs(witness) == []


def test_another_keys_signature_is_forbidden(witness: Witness, log: MadeUpLog) -> None:
    trust(witness, log.vkey)
    thief = MadeUpLog(signer=Ed25519Signer(bytes(32))).grow(7)
    assert add_checkpoint(witness, thief.request(0)).status is Status.BAD_SIGNATURE
    assert _known_size(witness) == 0


def test_a_false_signature_by_the_logs_key_is_forbidden(witness: Witness, log: MadeUpLog) -> None:
    trust(witness, log.vkey)
    text = parse_note(log.note()).text
    forged = signed_note(text, log.origin, log.signer.public_key, bytes(64))
    reply = add_checkpoint(witness, request_body(AddCheckpoint(0, (), forged)))
    assert reply.status is Status.BAD_SIGNATURE


def test_a_signature_is_asked_for_before_anything_is_told_of_the_log(
    witness: Witness, log: MadeUpLog
) -> None:
    _seen(witness, log, 4)
    thief = MadeUpLog(signer=Ed25519Signer(bytes(32))).grow(7)
    assert add_checkpoint(witness, thief.request(2)).status is Status.BAD_SIGNATURE


@pytest.mark.parametrize("old", [0, 3, 5])
def test_another_older_size_is_answered_with_the_one_cosigned(
    witness: Witness, log: MadeUpLog, old: int
) -> None:
    _seen(witness, log, 4)
    _assert_conflict(add_checkpoint(witness, log.request(old)), 4)
    assert _known_size(witness) == 4


def test_a_smaller_tree_is_never_cosigned_after_a_larger(witness: Witness, log: MadeUpLog) -> None:
    _seen(witness, log, 7)
    _assert_conflict(add_checkpoint(witness, log.request(0, 4)), 7)
    backwards = request_body(AddCheckpoint(7, (), log.note(4)))
    assert add_checkpoint(witness, backwards).status is Status.MALFORMED
    assert _known_size(witness) == 7


def test_a_proof_with_one_bit_changed_proves_nothing(witness: Witness, log: MadeUpLog) -> None:
    _seen(witness, log, 3)
    first, *rest = log.proof(3, 7)
    bent = bytes([first[0] ^ 1]) + first[1:]
    for proof in [(bent, *rest), tuple(rest), (first, *rest, first), ()]:
        reply = add_checkpoint(witness, request_body(AddCheckpoint(3, proof, log.note())))
        assert reply.status is Status.BAD_PROOF
    assert _known_size(witness) == 3


def test_a_first_checkpoint_comes_without_a_proof(witness: Witness, log: MadeUpLog) -> None:
    trust(witness, log.vkey)
    padded = request_body(AddCheckpoint(0, log.proof(3, 7), log.note()))
    assert add_checkpoint(witness, padded).status is Status.BAD_PROOF


def test_a_fork_of_the_same_size_is_refused_and_kept_as_proof(
    witness: Witness, log: MadeUpLog
) -> None:
    _seen(witness, log, 7)
    fork = log.forked(4).grow(3, "lie")
    _assert_conflict(add_checkpoint(witness, fork.request(7)), 7)
    (known,) = logs(witness)
    assert known.note == log.note()
    assert known.refused is not None
    assert (known.refused.note, known.refused.is_proof) == (fork.note(), True)


def test_a_fork_that_is_longer_is_refused_and_kept(witness: Witness, log: MadeUpLog) -> None:
    _seen(witness, log, 7)
    fork = log.forked(4).grow(9, "lie")
    assert add_checkpoint(witness, fork.request(7)).status is Status.BAD_PROOF
    (known,) = logs(witness)
    assert known.refused is not None
    assert (known.refused.note, known.refused.is_proof) == (fork.note(), False)


def test_proof_of_a_fork_is_not_pushed_out_by_later_refusals(
    witness: Witness, log: MadeUpLog
) -> None:
    _seen(witness, log, 7)
    fork = log.forked(4).grow(3, "lie")
    add_checkpoint(witness, fork.request(7))
    fork.grow(2)
    assert add_checkpoint(witness, fork.request(7)).status is Status.BAD_PROOF
    (known,) = logs(witness)
    assert known.refused is not None
    assert known.refused.note == fork.note(7)


@pytest.mark.parametrize("body", [b"", b"old 0\n\nno note", b"old 0\n\na\n\xe2\x80\x94 b c\n"])
def test_what_is_no_request_is_a_bad_request(witness: Witness, body: bytes) -> None:
    assert add_checkpoint(witness, body).status is Status.MALFORMED


def test_a_witness_remembers_when_it_is_opened_again(
    witness: Witness, folder: Path, log: MadeUpLog
) -> None:
    _seen(witness, log, 5)
    again = wiring_witness.open_witness(folder)
    _assert_conflict(add_checkpoint(again, log.request(0)), 5)
    assert add_checkpoint(again, log.request(5)).status is Status.COSIGNED


def test_lines_that_others_add_do_not_grow_what_is_remembered(
    witness: Witness, log: MadeUpLog
) -> None:
    trust(witness, log.vkey)
    crowded = log.note() + "— someone AAAAAAAA\n" * 60
    reply = add_checkpoint(witness, request_body(AddCheckpoint(0, (), crowded)))
    assert reply.status is Status.COSIGNED
    (known,) = witness.state.logs()
    assert known.note == log.note()
    assert len(f"{known.origin}{known.vkey}{known.note}") + len(known.seal) < 500


class _Hurried:
    """A state in which another request always comes first."""

    def __init__(self, state: WitnessState, overtake: Callable[[], object]) -> None:
        self._state, self._overtake = state, overtake

    def __getattr__(self, name: str) -> object:
        return getattr(self._state, name)

    def replace(self, old: WatchedLog, new: WatchedLog) -> bool:
        self._overtake()
        return self._state.replace(old, new)


def test_a_request_that_was_overtaken_does_not_roll_the_log_back(
    witness: Witness, log: MadeUpLog
) -> None:
    _seen(witness, log, 2)
    larger = log.request(2, 7)
    state = _Hurried(witness.state, lambda: add_checkpoint(witness, larger))
    late = replace(witness, state=state)  # type: ignore[arg-type]
    _assert_conflict(add_checkpoint(late, log.request(2, 4)), 7)
    assert _known_size(witness) == 7


def test_of_two_branches_at_once_one_is_cosigned(witness: Witness, log: MadeUpLog) -> None:
    _seen(witness, log, 4)
    branches = [log, *(log.forked(4).grow(3, f"lie {number}") for number in range(7))]
    start, replies = threading.Barrier(len(branches)), list[Reply]()

    def ask(branch: MadeUpLog) -> None:
        start.wait()
        replies.append(add_checkpoint(witness, branch.request(4)))

    threads = [threading.Thread(target=ask, args=(branch,)) for branch in branches]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(each.status for each in replies) == [Status.COSIGNED] + [Status.CONFLICT] * 7


def test_one_name_has_one_key(witness: Witness, log: MadeUpLog) -> None:
    _seen(witness, log, 7)
    assert trust(witness, log.vkey).checkpoint.size == 7  # once more changes nothing
    other = MadeUpLog(signer=Ed25519Signer(bytes(32)))
    with pytest.raises(ChisoError, match="by another key") as caught:
        trust(witness, other.vkey)
    assert caught.value.code is Code.BAD_ARGUMENT
    assert _known_size(witness) == 7


@pytest.mark.parametrize("vkey", ["", "chiso/x", "chiso/x+00000000+AAAA"])
def test_what_is_no_key_is_not_trusted(witness: Witness, vkey: str) -> None:
    with pytest.raises(ChisoError) as caught:
        trust(witness, vkey)
    assert caught.value.code is Code.BAD_ARGUMENT


_EDITS: dict[str, _Edit] = {
    "history forgotten": lambda file: file.execute("UPDATE logs SET note = NULL"),
    "size lowered": lambda file: file.execute(
        "UPDATE logs SET note = replace(note, x'0a370a', x'0a350a')"
    ),
    "key exchanged": lambda file: file.execute(
        "UPDATE logs SET vkey = ?", (MadeUpLog(signer=Ed25519Signer(bytes(32))).vkey,)
    ),
    "unsealed": lambda file: file.execute("UPDATE logs SET seal = x''"),
}


@pytest.mark.parametrize("edit", _EDITS.values(), ids=_EDITS.keys())
def test_an_edited_state_file_is_found_and_nothing_is_signed(
    witness: Witness, folder: Path, log: MadeUpLog, edit: _Edit
) -> None:
    _seen(witness, log, 7)
    with closing(sqlite3.connect(folder / "state.sqlite3")) as file, file:
        edit(file)
    with pytest.raises(ChisoError) as caught:
        logs(witness)
    assert caught.value.code is Code.WITNESS_DAMAGED
    with pytest.raises(ChisoError) as caught:
        add_checkpoint(witness, log.forked(3).grow(9, "lie").request(0))
    assert caught.value.code is Code.WITNESS_DAMAGED


def test_a_log_renamed_in_the_state_file_is_not_served_by_either_name(
    witness: Witness, folder: Path, log: MadeUpLog
) -> None:
    _seen(witness, log, 7)
    with closing(sqlite3.connect(folder / "state.sqlite3")) as file, file:
        file.execute("UPDATE logs SET origin = 'chiso/other'")
    assert add_checkpoint(witness, log.request(7)).status is Status.UNKNOWN_LOG
    other = MadeUpLog("chiso/other").grow(7)
    with pytest.raises(ChisoError) as caught:
        add_checkpoint(witness, other.request(0))
    assert caught.value.code is Code.WITNESS_DAMAGED


def test_a_witness_whose_memory_is_gone_does_not_begin_again(
    witness: Witness, folder: Path, log: MadeUpLog
) -> None:
    _seen(witness, log, 7)
    (folder / "state.sqlite3").unlink()
    with pytest.raises(ChisoError, match="lost its memory") as caught:
        add_checkpoint(witness, log.forked(3).grow(9, "lie").request(0))
    assert caught.value.code is Code.WITNESS_DAMAGED
    assert not (folder / "state.sqlite3").exists()


def test_a_key_that_others_can_read_is_not_used(witness: Witness, folder: Path) -> None:
    assert (folder / "witness.key").stat().st_mode & 0o777 == 0o600
    (folder / "witness.key").chmod(0o640)
    with pytest.raises(ChisoError, match="other users"):
        wiring_witness.open_witness(folder)


def test_a_witness_is_not_made_over_another(witness: Witness, folder: Path) -> None:
    with pytest.raises(ChisoError) as caught:
        wiring_witness.make_witness(folder, "witness.example/w2")
    assert caught.value.code is Code.WITNESS_EXISTS
    assert wiring_witness.open_witness(folder).key == witness.key


@pytest.mark.parametrize("name", ["", "two words", "one+one", "line\n"])
def test_a_name_that_cannot_stand_in_a_note_is_refused(folder: Path, name: str) -> None:
    with pytest.raises(ChisoError) as caught:
        wiring_witness.make_witness(folder, name)
    assert caught.value.code is Code.BAD_ARGUMENT
    assert not folder.exists()
