"""Notes with several signatures, keys as text, and what is neither."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chiso.account.checkpoint import (
    ED25519,
    MAX_SIGNATURES,
    Checkpoint,
    Note,
    NoteSignature,
    VerifierKey,
    checkpoint_text,
    note_text,
    parse_checkpoint,
    parse_note,
    parse_size,
    parse_vkey,
    signed_note,
    vkey_text,
)
from chiso.account.verify import signed_checkpoint
from chiso.adapters.signing import Ed25519Signer
from chiso.core.errors import ChisoError

_ORIGIN = "chiso/test"
_LOG = Ed25519Signer(bytes(range(32)))
_STRANGER = Ed25519Signer(bytes(32))
_CHECKPOINT = Checkpoint(_ORIGIN, 3, bytes(32))
_TEXT = checkpoint_text(_CHECKPOINT)

_names = st.text(min_size=1, max_size=12).filter(
    lambda name: not any(each.isspace() or each == "+" or each < " " for each in name)
)
_lines = st.builds(
    NoteSignature,
    _names,
    st.binary(min_size=4, max_size=4),
    st.binary(min_size=1, max_size=80),
)


def _own(text: bytes = _TEXT, name: str = _ORIGIN) -> str:
    return signed_note(text, name, _LOG.public_key, _LOG.sign(text))


def _line_of(note: str) -> str:
    return note.rpartition("\n\n")[2]


def _read(note: str) -> Checkpoint:
    return signed_checkpoint(note, _ORIGIN, _LOG.public_key, _LOG.verify)


@given(st.lists(_lines, min_size=1, max_size=5))
def test_a_note_is_read_as_it_was_written(lines: list[NoteSignature]) -> None:
    note = Note(_TEXT, tuple(lines))
    assert parse_note(note_text(note)) == note


def test_lines_of_other_keys_are_left_alone_wherever_they_stand() -> None:
    strange = signed_note(_TEXT, "elsewhere", _STRANGER.public_key, bytes(64))
    own = _own()
    before = f"{_TEXT.decode()}\n{_line_of(strange)}{_line_of(own)}"
    assert _read(own + _line_of(strange)) == _read(before) == _CHECKPOINT


def test_a_key_that_only_shares_the_logs_name_does_not_speak_for_it() -> None:
    namesake = signed_note(_TEXT, _ORIGIN, _STRANGER.public_key, _STRANGER.sign(_TEXT))
    with pytest.raises(ChisoError, match="another log"):
        _read(namesake)
    assert _read(namesake + _line_of(_own())) == _CHECKPOINT


def test_the_logs_key_under_another_name_does_not_speak_for_it() -> None:
    with pytest.raises(ChisoError, match="another log"):
        _read(_own(name="chiso/other"))


def test_one_false_line_of_the_logs_own_key_is_enough_to_refuse() -> None:
    false = signed_note(_TEXT, _ORIGIN, _LOG.public_key, bytes(64))
    with pytest.raises(ChisoError, match="signature is false"):
        _read(_own() + _line_of(false))


@pytest.mark.parametrize(
    "change",
    [
        lambda note: note.rstrip("\n"),
        lambda note: note + "\n",
        lambda note: note.replace("— ", "- "),
        lambda note: note.replace("— ", "—  "),
        lambda note: note.replace("\n", "\r\n"),
        lambda note: note + "— plus+name AAAAAAAA\n",
        lambda note: note + "— short AAAAAA==\n",
        lambda note: note + "— sloppy AAAAAAB=\n",
        lambda note: note + _line_of(_own()) * MAX_SIGNATURES,
        lambda note: note.partition("\n\n")[0] + "\n",
        lambda note: "\n\n" + _line_of(note),
    ],
)
def test_what_is_no_note_is_refused(change: object) -> None:
    assert callable(change)
    with pytest.raises(ValueError, match=r"."):
        parse_note(change(_own()))


@pytest.mark.parametrize("size", ["", "-1", "+1", "01", "1 ", "٣", "9" * 30, str(2**63)])
def test_a_size_is_written_in_one_way(size: str) -> None:
    with pytest.raises(ValueError, match="number of leaves"):
        parse_size(size)
    with pytest.raises(ValueError, match=r"number of leaves|not a checkpoint"):
        parse_checkpoint(_TEXT.replace(b"\n3\n", f"\n{size}\n".encode()))


def test_extension_lines_are_signed_and_say_nothing() -> None:
    assert parse_checkpoint(_TEXT + b"more\n") == _CHECKPOINT
    with pytest.raises(ValueError, match="not a checkpoint"):
        parse_checkpoint(_TEXT + b"\nmore\n")


def test_a_key_as_text_is_name_hash_and_key() -> None:
    """Golden vector: people copy this from one machine to another."""
    key = VerifierKey(_ORIGIN, ED25519, _LOG.public_key)
    text = vkey_text(key)
    assert text == "chiso/test+b53f7e33+AQOhB7/zzhC+HXDdGOdLwJln5NYwm6UNXx3chmQSVTG4"
    assert parse_vkey(text) == key


@pytest.mark.parametrize(
    "text",
    [
        "",
        "chiso/test",
        "chiso/test+b53f7e33",
        "chiso/test+b53f7e34+AQOhB7/zzhC+HXDdGOdLwJln5NYwm6UNXx3chmQSVTG4",
        "chiso/test+b53f7e33+BAOhB7/zzhC+HXDdGOdLwJln5NYwm6UNXx3chmQSVTG4",
        "chiso/tess+b53f7e33+AQOhB7/zzhC+HXDdGOdLwJln5NYwm6UNXx3chmQSVTG4",
        "chiso/test+b53f7e33+AQOhB7/zzhC+HXDdGOdLwJln5NYwm6UNXx3chmQSVTG4\n",
        "chiso/test+b53f7e33+AQOhB7/zzhC+",
    ],
)
def test_a_key_with_a_letter_changed_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        parse_vkey(text)
