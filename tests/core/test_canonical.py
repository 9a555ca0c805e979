"""Canonical JSON and instants: one value, one text."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chiso.core.canonical import JsonValue, canonical_json
from chiso.core.times import end_of, from_epoch_s, from_text, to_epoch_s, to_text

_ASCII = st.text(st.characters(max_codepoint=127), max_size=8)
_VALUES: st.SearchStrategy[JsonValue] = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(_ASCII, inner, max_size=4),
    max_leaves=20,
)
_INSTANTS = st.integers(0, 7_258_118_400).map(lambda seconds: datetime.fromtimestamp(seconds, UTC))


@given(_VALUES)
def test_canonical_json_reads_back_as_the_same_value(value: JsonValue) -> None:
    try:
        text = canonical_json(value)
    except UnicodeEncodeError:  # a lone surrogate is no text, and no file can hold it
        return
    assert json.loads(text) == json.loads(json.dumps(value))


@given(st.dictionaries(_ASCII, st.integers(-5, 5), max_size=6))
def test_the_order_of_keys_does_not_matter(value: dict[str, int]) -> None:
    backwards = dict(reversed(list(value.items())))
    assert canonical_json(value) == canonical_json(backwards)


def test_canonical_json_has_no_spaces_and_sorts_its_keys() -> None:
    assert canonical_json({"b": [1, None], "a": "é"}) == '{"a":"é","b":[1,null]}'.encode()


@pytest.mark.parametrize("value", [1.5, float("nan"), {"é": 1}, {1: 2}, b"bytes", {1, 2}, 2**60])
def test_what_has_no_canonical_form_is_refused(value: object) -> None:
    with pytest.raises((TypeError, ValueError, AttributeError)):
        canonical_json(value)  # type: ignore[arg-type]


@given(_INSTANTS)
def test_an_instant_survives_text_and_seconds(instant: datetime) -> None:
    whole = instant.replace(microsecond=0)
    assert from_text(to_text(instant)) == whole
    assert from_epoch_s(to_epoch_s(whole)) == whole


def test_a_bare_date_is_good_until_its_end() -> None:
    assert to_text(end_of("2027-12-31")) == "2027-12-31T23:59:59Z"


def test_a_date_and_time_keeps_its_offset() -> None:
    assert to_text(end_of("2027-12-31T10:00:00+02:00")) == "2027-12-31T08:00:00Z"
    assert to_text(end_of("2027-12-31T10:00:00")) == "2027-12-31T10:00:00Z"


@pytest.mark.parametrize("text", ["", "tomorrow", "2027-02-30", "31/12/2027", "2027-13-01"])
def test_what_is_no_date_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r".*"):
        end_of(text)
