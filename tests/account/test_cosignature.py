"""Cosignatures and the witness's protocol: golden vectors, and what is refused."""

from __future__ import annotations

from dataclasses import replace

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from hypothesis import given
from hypothesis import strategies as st

from chiso.account.checkpoint import (
    Checkpoint,
    Note,
    VerifierKey,
    checkpoint_text,
    note_text,
    parse_note,
    vkey_text,
)
from chiso.account.cosignature import COSIGNATURE, cosignature, cosigned_at, cosigned_message
from chiso.account.tlog_witness import (
    MAX_PROOF_LINES,
    AddCheckpoint,
    parse_request,
    parse_size_body,
    request_body,
    size_body,
)
from chiso.adapters.signing import Ed25519Signer, verify

_TEXT = checkpoint_text(Checkpoint("chiso/test", 3, bytes(32)))
_SIGNER = Ed25519Signer(bytes(range(32)))
_WITNESS = VerifierKey("witness.example/w1", COSIGNATURE, _SIGNER.public_key)
_TIME_S = 1_764_000_000
_NOTE = Note(
    _TEXT, (cosignature(_WITNESS, _TIME_S, _SIGNER.sign(cosigned_message(_TEXT, _TIME_S))),)
)

_VKEY = "witness.example/w1+e75f6532+BAOhB7/zzhC+HXDdGOdLwJln5NYwm6UNXx3chmQSVTG4"
_LINE = (
    "— witness.example/w1 519lMgAAAABpJIEAj8FrT4dzDWnKHMwQts7hz1a"
    "kEf8vOX4gkuuOeNFUUNQLfzwMrq5NO3j7324N7Caw1cAVV0Ch9AaL12mZlTAUCQ=="
)


def _verify(public_key: bytes, message: bytes, signature: bytes) -> bool:
    return verify(Ed25519PublicKey.from_public_bytes(public_key), message, signature)


def test_a_cosignature_is_written_the_same_way_for_ever() -> None:
    """Golden vector of the format: other people's programs read it."""
    assert cosigned_message(_TEXT, _TIME_S) == (
        b"cosignature/v1\ntime 1764000000\n"
        b"chiso/test\n3\nAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n"
    )
    assert vkey_text(_WITNESS) == _VKEY
    assert note_text(_NOTE) == f"{_TEXT.decode()}\n{_LINE}\n"


def test_a_cosignature_tells_when_it_was_made() -> None:
    assert cosigned_at(parse_note(note_text(_NOTE)), _WITNESS, _verify) == _TIME_S


def test_a_witness_of_another_name_or_key_has_not_cosigned() -> None:
    for other in (
        replace(_WITNESS, name="witness.example/w2"),
        replace(_WITNESS, public_key=Ed25519Signer(bytes(32)).public_key),
    ):
        assert cosigned_at(_NOTE, other, _verify) is None


def test_a_cosignature_for_another_tree_or_another_time_is_false() -> None:
    (line,) = _NOTE.signatures
    grown = checkpoint_text(Checkpoint("chiso/test", 4, bytes(32)))
    later = replace(line, signature=b"\x01" + line.signature[1:])
    for forged in (Note(grown, (line,)), Note(_TEXT, (later,))):
        with pytest.raises(ValueError, match="false"):
            cosigned_at(forged, _WITNESS, _verify)


@pytest.mark.parametrize("signature", [b"", bytes(71), bytes(73), b"\xff" * 72])
def test_a_cosignature_of_another_shape_is_refused(signature: bytes) -> None:
    (line,) = _NOTE.signatures
    with pytest.raises(ValueError, match="no cosignature"):
        cosigned_at(Note(_TEXT, (replace(line, signature=signature),)), _WITNESS, _verify)


def test_a_logs_key_is_no_witnesss_key() -> None:
    with pytest.raises(ValueError, match="no witness's key"):
        cosigned_at(_NOTE, replace(_WITNESS, algorithm=1), _verify)


@given(st.integers(0, 2**63 - 1), st.lists(st.binary(min_size=32, max_size=32), max_size=63))
def test_a_request_is_read_as_it_was_written(old_size: int, proof: list[bytes]) -> None:
    request = AddCheckpoint(old_size, tuple(proof), note_text(_NOTE))
    assert parse_request(request_body(request)) == request


def test_a_request_is_written_as_the_protocol_says() -> None:
    request = AddCheckpoint(2, (bytes(32),), note_text(_NOTE))
    hashed = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="
    assert request_body(request).decode() == f"old 2\n{hashed}\n\n{note_text(_NOTE)}"


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"old 2",
        b"old 2\n",
        b"old 02\n\nnote",
        b"old -1\n\nnote",
        b"new 2\n\nnote",
        b" old 2\n\nnote",
        b"old 2\nAAAA\n\nnote",
        b"old 2\r\n\r\nnote",
        b"old 2\n" + b"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n" * 64 + b"\nnote",
        b"old 2\n\n\xff",
        b"old 2\n\n" + b"x" * (1 << 18),
    ],
)
def test_what_is_no_request_is_refused(body: bytes) -> None:
    with pytest.raises(ValueError, match=r"."):
        parse_request(body)


def test_a_proof_with_too_many_hashes_is_not_sent() -> None:
    with pytest.raises(ValueError, match="63"):
        request_body(AddCheckpoint(1, (bytes(32),) * (MAX_PROOF_LINES + 1), "note"))


def test_a_size_is_answered_with_its_line_end() -> None:
    assert size_body(20_852_014) == b"20852014\n"
    assert parse_size_body(size_body(7)) == 7
    for body in (b"7", b"07\n", b"7\n\n", b"\xff\n"):
        with pytest.raises(ValueError, match=r"."):
            parse_size_body(body)
