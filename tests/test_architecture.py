"""Invariants that are about the source itself."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

_SOURCE = Path(__file__).parent.parent / "src" / "chiso"
_MODULES = sorted(_SOURCE.rglob("*.py"))
_MAX_LINES = 400


def _calls(tree: ast.AST, name: str) -> Iterator[ast.Call]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            called = node.func
            if (isinstance(called, ast.Name) and called.id == name) or (
                isinstance(called, ast.Attribute) and called.attr == name
            ):
                yield node


def _relative(path: Path) -> str:
    return path.relative_to(_SOURCE).as_posix()


def test_only_policy_makes_a_permit() -> None:
    makers = {
        _relative(path) for path in _MODULES if any(_calls(ast.parse(path.read_text()), "Permit"))
    }
    assert makers == {"consent/policy.py"}


@pytest.mark.parametrize("path", _MODULES, ids=_relative)
def test_a_module_opens_with_one_line_that_says_what_it_does(path: Path) -> None:
    docstring = ast.get_docstring(ast.parse(path.read_text()))
    assert docstring is not None
    first, *rest = docstring.split("\n")
    assert first.endswith((".", ":", "?"))
    assert not rest or rest[0] == ""


@pytest.mark.parametrize("path", _MODULES, ids=_relative)
def test_a_module_is_short_enough_to_read(path: Path) -> None:
    assert len(path.read_text().splitlines()) <= _MAX_LINES


def test_no_module_is_called_by_a_word_that_says_nothing() -> None:
    empty_words = {"utils", "util", "helpers", "helper", "manager", "handler", "info", "data"}
    assert not [_relative(path) for path in _MODULES if path.stem in empty_words]


def test_no_decision_threshold_is_written_in_code() -> None:
    """A `ThresholdRecord` is only ever read from a document or fitted (invariant 7)."""
    makers = {
        _relative(path)
        for path in _MODULES
        if any(_calls(ast.parse(path.read_text()), "ThresholdRecord"))
    }
    assert makers == {
        "compare/threshold.py",
        "services/fit_report.py",
        "services/threshold_record.py",
    }


def test_photos_are_decoded_in_their_own_process_alone() -> None:
    """What else imports the decoder reads portraits that Chiso rendered itself."""
    decoders = re.compile(
        r"^from chiso\.capture\.\w+ import .*\b(decode|rasterise)\b", re.MULTILINE
    )
    importers = {_relative(path) for path in _MODULES if decoders.search(path.read_text())}
    assert importers == {
        "adapters/decoding/worker.py",
        "capture/decode.py",
        "interfaces/tone_report/page.py",
        "services/volunteers/chips.py",
    }
