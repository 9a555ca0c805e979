"""What docs/fairness.md says that few people can say is what the exact bound gives."""

from __future__ import annotations

import re
from decimal import Decimal
from pathlib import Path

import pytest

from chiso.evaluate.exact_bounds import exact_interval

_PAGE = Path(__file__).parents[1] / "docs" / "fairness.md"
_ROW = re.compile(r"^\| ([\d,]+) \| ([\d.]+) % \| ([\d.]+) % \|$", re.MULTILINE)


def _rows() -> list[tuple[int, Decimal, Decimal]]:
    """People, and the percentages that no false match and no miss among them show."""
    table = _PAGE.read_text("utf-8").split("What few people can say:")[1].split("\n\n")[1]
    return [
        (int(people.replace(",", "")), Decimal(fmr), Decimal(fnmr))
        for people, fmr, fnmr in _ROW.findall(table)
    ]


def _percent_without_an_error(units: int) -> Decimal:
    return Decimal(100 * exact_interval(0.0, units)[1])


def test_the_table_has_a_row_for_each_size_that_the_page_speaks_of() -> None:
    assert [people for people, _, _ in _rows()] == [5, 10, 50, 100, 500, 7376]


@pytest.mark.parametrize(("people", "fmr", "fnmr"), _rows())
def test_a_row_is_the_exact_bound_rounded_up(people: int, fmr: Decimal, fnmr: Decimal) -> None:
    for said, units in ((fmr, people // 2), (fnmr, people)):
        exact = _percent_without_an_error(units)
        last_digit = Decimal(1).scaleb(int(said.as_tuple().exponent))
        assert said - last_digit < exact <= said


def test_no_fewer_people_than_the_page_says_bound_the_fmr_at_the_usual_target() -> None:
    assert _percent_without_an_error(7376 // 2) <= Decimal("0.1")
    assert _percent_without_an_error(7374 // 2) > Decimal("0.1")
    assert _PAGE.read_text("utf-8").count("7,376 people") == 2
