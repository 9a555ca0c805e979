"""The code on a card: it reads back as it was written, and nothing else reads at all."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from chiso.adapters.signing import Ed25519Signer
from chiso.adapters.vault import AesGcmVault
from chiso.cards import base45
from chiso.cards.card import Card, card_bytes, parse_card, purpose_digest
from chiso.cards.code import (
    SealedCard,
    bound_to,
    card_size_bytes,
    code_text,
    header_of,
    parse_code,
    signed_text,
)
from chiso.cards.quantise import Quantised, quantised, restored
from chiso.core.consent import Mode, ReceiptId
from chiso.core.errors import ChisoError, Code
from chiso.core.templates import ModelDigest

_GOLDEN = Path(__file__).parent.parent / "golden" / "card_1.txt"
_CARD = Card(
    "00112233-4455-4677-8899-aabbccddeeff",
    ReceiptId("ffeeddcc-bbaa-4988-a766-554433221100"),
    datetime(2026, 11, 25, 8, 30, tzinfo=UTC),
    datetime(2027, 12, 31, 23, 59, 59, tzinfo=UTC),
    ModelDigest("ab" * 32),
    purpose_digest("clinic door"),
    frozenset({Mode.VERIFY}),
    Quantised(np.arange(-64, 64, dtype=np.int8), 1 / 512),
)


class _Counted:
    """Stands for chance in golden vectors."""

    def token(self, size_bytes: int) -> bytes:
        return bytes(range(size_bytes))


def _sealed() -> SealedCard:
    signer = Ed25519Signer(bytes(range(32)))
    header = header_of(signer.public_key)
    key = signer.derive("card/1")
    sealed = AesGcmVault(_Counted()).seal_bytes(card_bytes(_CARD), bound_to(header), key)
    return SealedCard(header, sealed, signer.sign(signed_text(header, sealed)))


def test_a_card_is_written_as_it_always_was() -> None:
    assert code_text(_sealed()) == _GOLDEN.read_text().strip()


def test_a_card_of_128_numbers_has_346_bytes() -> None:
    assert card_size_bytes(_sealed()) == 346


def test_what_a_home_sealed_reads_back() -> None:
    signer = Ed25519Signer(bytes(range(32)))
    card = parse_code(_GOLDEN.read_text().strip())
    assert signer.verify(card.signed_text, card.signature)
    content = AesGcmVault(_Counted()).open_bytes(
        card.sealed, bound_to(card.header), signer.derive("card/1")
    )
    assert content is not None
    assert card_bytes(parse_card(content)) == card_bytes(_CARD)
    read = parse_card(content)
    assert replace(read, template=_CARD.template) == _CARD
    assert np.array_equal(read.template.levels, _CARD.template.levels)


def test_overwriting_a_card_overwrites_its_template() -> None:
    content = bytearray(card_bytes(_CARD))
    read = parse_card(content)
    content[:] = bytes(len(content))
    assert not read.template.levels.any()


@given(st.binary(max_size=700))
def test_base45_reads_back_what_it_wrote(content: bytes) -> None:
    assert base45.decoded(base45.encoded(content)) == content


@pytest.mark.parametrize(
    ("content", "text"), [(b"AB", "BB8"), (b"Hello!!", "%69 VD92EX0"), (b"base-45", "UJCLQE7W581")]
)
def test_base45_is_that_of_the_standard(content: bytes, text: str) -> None:
    assert base45.encoded(content) == text  # the examples of RFC 9285 §4.3


@given(st.text(max_size=40))
def test_what_is_no_base45_is_refused_and_never_misread(text: str) -> None:
    try:
        content = base45.decoded(text)
    except ValueError:
        return
    assert base45.encoded(content) == text


@given(st.text(max_size=60))
def test_what_is_no_code_of_a_card_is_refused(text: str) -> None:
    for each in (text, f"CHISO1:{text}"):
        with pytest.raises(ChisoError) as caught:
            parse_code(each)
        assert caught.value.code is Code.CARD_UNREADABLE


def test_a_card_of_a_later_version_says_so() -> None:
    card = _sealed()
    later = replace(card, header=bytes([2]) + card.header[1:])
    with pytest.raises(ChisoError, match="of version 2, and this Chiso reads 1"):
        parse_code(code_text(later))


@given(st.lists(st.floats(-1, 1, width=32), min_size=1, max_size=512).filter(any))
@example([1.9055224204249213e-21])
def test_no_number_is_more_than_half_a_step_from_what_it_was(numbers: list[float]) -> None:
    vector = np.array(numbers, np.float32)
    assume(np.abs(vector).max() > 1e-30)
    made = quantised(vector)
    assert np.abs(made.levels * made.scale - vector).max() <= made.scale * 0.5001
    assert np.linalg.norm(restored(made)) == pytest.approx(1, abs=1e-5)


def test_nothing_is_no_template() -> None:
    for numbers in ([0.0, 0.0], [np.inf, 1.0], [np.nan]):
        with pytest.raises(ValueError, match="no template"):
            quantised(np.array(numbers, np.float32))
