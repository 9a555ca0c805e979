"""Labels: one name, one text."""

from __future__ import annotations

import pytest

from chiso.core.errors import ChisoError, Code
from chiso.core.labels import label_from


def test_a_name_is_the_same_however_its_accents_were_typed() -> None:
    assert label_from("Thoko\u0301", "subject") == label_from("Thok\u00f3", "subject")


def test_outer_spaces_do_not_make_another_name() -> None:
    assert label_from("  Rudo M. ", "subject") == "Rudo M."


@pytest.mark.parametrize(
    "name",
    [
        "\u0639\u0644\u06cc\u200c\u0631\u0636\u0627",
        "\u0dc1\u0dca\u200d\u0dbb\u0dd3",
        "\u0d05\u0d2e\u0d32\u0d4d\u200d",
    ],
    ids=["Persian", "Sinhala", "Malayalam"],
)
def test_a_name_that_needs_a_joiner_keeps_it(name: str) -> None:
    assert label_from(name, "subject") == name


@pytest.mark.parametrize(
    "text",
    [
        "",
        "   ",
        "two\nlines",
        "bell\a",
        "\ud800",
        "x" * 201,
        "\u200c",
        "\u200d\u200c",
        "Ru\u200bdo",
    ],
)
def test_what_is_no_name_is_refused(text: str) -> None:
    with pytest.raises(ChisoError) as caught:
        label_from(text, "subject")
    assert caught.value.code is Code.BAD_ARGUMENT
    assert "subject" in caught.value.message
