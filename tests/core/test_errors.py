"""The closed list of codes."""

from __future__ import annotations

import re

from chiso.core.errors import ChisoError, Code, Kind


def test_every_code_has_one_kind() -> None:
    assert all(isinstance(code.kind, Kind) for code in Code)


def test_every_code_is_a_stable_lower_case_word() -> None:
    assert all(re.fullmatch(r"[a-z]+(-[a-z]+)*", code.value) for code in Code)


def test_an_error_says_what_happened_and_what_to_do() -> None:
    error = ChisoError(Code.NO_FACE, "No face was found.", "Come closer.")
    assert (str(error), error.hint, error.kind) == (
        "No face was found.",
        "Come closer.",
        Kind.REFUSED_SAMPLE,
    )
