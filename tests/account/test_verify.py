"""Verification of a log, and one test for each way of tampering with it."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from chiso.account.checkpoint import (
    Checkpoint,
    checkpoint_text,
    key_hash,
    parse_checkpoint,
    parse_note,
    signed_note,
)
from chiso.account.commitment import commitment, payload_of
from chiso.account.merkle import Fetch, grown, leaf_hash, peaks_of, root_of
from chiso.account.verify import LogReport, verify_log
from chiso.adapters.signing import Ed25519Signer
from chiso.core.consent import SubjectId
from chiso.core.errors import ChisoError, Code
from chiso.core.events import Event, EventType, Leaf, LeafPayload, Node

_ORIGIN = "chiso/test"
_SIGNER = Ed25519Signer(bytes(range(32)))


def _log(count: int) -> tuple[list[Leaf], list[LeafPayload], str]:
    leaves, payloads = [], []
    for seq in range(count):
        event = Event(
            EventType.VERIFIED,
            datetime(2026, 1, 1, 12, 0, seq % 60, tzinfo=UTC),
            SubjectId(f"subject-{seq % 3}"),
            {"purpose": "door"},
        )
        body, salt = payload_of(event), hashlib.sha256(bytes([seq % 256])).digest()
        leaves.append(Leaf(seq, leaf_hash(commitment(salt, body))))
        payloads.append(LeafPayload(seq, event.subject_id, salt, body))
    return leaves, payloads, _note(leaves)


def _note(leaves: Sequence[Leaf], origin: str = _ORIGIN) -> str:
    peaks, size = peaks_of(leaf.leaf_hash for leaf in leaves)
    text = checkpoint_text(Checkpoint(origin, size, root_of(peaks)))
    return signed_note(text, origin, _SIGNER.public_key, _SIGNER.sign(text))


def _stored_over(leaves: Sequence[Leaf]) -> Fetch:
    """The stored nodes of a log that has these leaves."""
    nodes: dict[Node, bytes] = {}
    peaks: tuple[bytes, ...] = ()
    for size, leaf in enumerate(leaves):
        tree = grown(peaks, size, leaf.leaf_hash)
        peaks = tree.peaks
        nodes.update(tree.completed)
    return lambda wanted: [nodes[node] for node in wanted]


def _verify(
    leaves: Sequence[Leaf],
    payloads: Sequence[LeafPayload],
    note: str,
    stored: Fetch | None = None,
) -> LogReport:
    stored = stored or _stored_over(leaves)
    return verify_log(leaves, stored, payloads, note, _ORIGIN, _SIGNER.public_key, _SIGNER.verify)


def _refused(leaves: Sequence[Leaf], payloads: Sequence[LeafPayload], note: str) -> str:
    with pytest.raises(ChisoError) as caught:
        _verify(leaves, payloads, note)
    assert caught.value.code is Code.LOG_BROKEN
    return caught.value.message


def test_a_whole_log_verifies_and_says_what_it_holds() -> None:
    leaves, payloads, note = _log(11)
    report = _verify(leaves, payloads, note)
    assert (report.size, report.payloads_kept, report.payloads_destroyed) == (11, 11, 0)


def test_a_log_verifies_when_a_persons_payloads_are_destroyed() -> None:
    leaves, payloads, note = _log(9)
    kept = [each for each in payloads if each.subject_id != "subject-1"]
    assert _verify(leaves, kept, note).payloads_destroyed == 3


def test_a_flipped_bit_in_a_leaf_is_found() -> None:
    leaves, payloads, note = _log(5)
    flipped = bytes([leaves[2].leaf_hash[0] ^ 1]) + leaves[2].leaf_hash[1:]
    leaves[2] = Leaf(2, flipped)
    assert "leaf 2 does not match" in _refused(leaves, payloads, note)
    assert "root differs" in _refused(leaves, [], note)


def test_a_removed_leaf_is_found() -> None:
    leaves, payloads, note = _log(5)
    assert "leaf 2 is missing" in _refused(leaves[:2] + leaves[3:], payloads, note)
    assert "counts 5" in _refused(leaves[:4], payloads[:4], note)


def test_reordered_leaves_are_found() -> None:
    leaves, _, note = _log(5)
    swapped = [*leaves[:3], Leaf(3, leaves[4].leaf_hash), Leaf(4, leaves[3].leaf_hash)]
    assert "root differs" in _refused(swapped, [], note)


def test_an_edited_payload_is_found() -> None:
    leaves, payloads, note = _log(3)
    payloads[1] = replace(payloads[1], body=payloads[1].body.replace(b"door", b"wall"))
    assert "leaf 1 does not match" in _refused(leaves, payloads, note)


def test_a_changed_hash_above_the_leaves_is_found() -> None:
    leaves, payloads, note = _log(600)
    honest = _stored_over(leaves)

    def stored(nodes: Sequence[Node]) -> list[bytes]:
        return [
            b"\x00" * 32 if node == Node(2, 149) else found
            for node, found in zip(nodes, honest(nodes), strict=True)
        ]

    with pytest.raises(ChisoError, match="over leaves 596 to 599 is not theirs"):
        _verify(leaves, payloads, note, stored)


def test_a_payload_without_a_leaf_is_found() -> None:
    leaves, payloads, note = _log(3)
    extra = replace(payloads[2], seq=7)
    assert "leaf 7" in _refused(leaves, [*payloads, extra], note)


def test_a_checkpoint_signed_by_another_key_is_refused() -> None:
    leaves, payloads, note = _log(3)
    stranger = Ed25519Signer(bytes(32))
    text = parse_note(note).text
    forged = signed_note(text, _ORIGIN, _SIGNER.public_key, stranger.sign(text))
    assert "signature is false" in _refused(leaves, payloads, forged)


def test_another_logs_checkpoint_is_refused() -> None:
    leaves, payloads, _ = _log(3)
    assert "another log" in _refused(leaves, payloads, _note(leaves, "chiso/elsewhere"))


@pytest.mark.parametrize("text", ["", "nothing", "a\nb\n\n— x y z\n", "a\n1\n!!\n\n— n AAAA\n"])
def test_what_is_no_checkpoint_is_refused(text: str) -> None:
    leaves, payloads, _ = _log(2)
    assert "cannot be read" in _refused(leaves, payloads, text)


def test_a_checkpoint_is_a_c2sp_signed_note() -> None:
    """Golden vector of the format: it leaves the process, so it may not change unnoticed."""
    text = checkpoint_text(Checkpoint("chiso/test", 3, bytes(32)))
    assert text == b"chiso/test\n3\nAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n"
    assert key_hash(_ORIGIN, _SIGNER.public_key).hex() == "b53f7e33"
    note = signed_note(text, _ORIGIN, _SIGNER.public_key, _SIGNER.sign(text))
    head, _, line = note.partition("\n\n")
    assert head.encode() + b"\n" == text
    assert line.startswith("— chiso/test tT9+M")
    assert parse_checkpoint(parse_note(note).text) == Checkpoint("chiso/test", 3, bytes(32))


def test_an_event_is_written_the_same_way_for_ever() -> None:
    event = Event(
        EventType.IDENTIFIED,
        datetime(2026, 11, 22, 8, 30, tzinfo=UTC),
        None,
        {"purpose": "Ṱhohoyanḓou", "references": 40, "decision": "unknown"},
    )
    body = payload_of(event)
    assert body.decode() == (
        '{"at":"2026-11-22T08:30:00Z","decision":"unknown","purpose":"Ṱhohoyanḓou",'
        '"references":40,"subject":null,"type":"identified","v":1}'
    )
    assert commitment(bytes(32), body).hex() == (
        hashlib.sha256(b"chiso/leaf/1\x00" + bytes(32) + body).hexdigest()
    )


def test_facts_cannot_overwrite_the_envelope() -> None:
    event = Event(EventType.ERASED, datetime(2026, 1, 1, tzinfo=UTC), None, {"type": "verified"})
    with pytest.raises(ValueError, match="may not be called type"):
        payload_of(event)


def test_a_salt_of_another_length_is_refused() -> None:
    with pytest.raises(ValueError, match="32 bytes"):
        commitment(b"short", b"payload")
