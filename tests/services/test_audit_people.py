"""One group a person, groups that cross, and labels that nobody can tell apart."""

from __future__ import annotations

import numpy as np
import pytest

from chiso.core.audit_inputs import Labels
from chiso.core.errors import ChisoError, Code
from chiso.services.audit.people import crowd_of, label_of_each_person


def _no(what: str, do: str) -> ChisoError:
    return ChisoError(Code.BAD_TABLE, what, do)


def _labels(column: str, *each: str) -> Labels:
    names = tuple(sorted(set(each)))
    return Labels(column, names, np.array([names.index(one) for one in each], np.int32))


def _codes(*each: int) -> np.ndarray:
    return np.array(each, np.int32)


def test_groups_cross_and_are_named_in_order() -> None:
    crowd = crowd_of(
        [_labels("ethnicity", "white", "black", "black"), _labels("gender", "w", "m", "w")], _no
    )
    assert crowd.groups == ("black × m", "black × w", "white × w")
    assert crowd.group_of.tolist() == [2, 0, 1]
    assert crowd.group_of.dtype == np.int32


def test_each_person_has_the_label_of_her_cells() -> None:
    column = _labels("g", "x", "y", "x", "y")
    person = _codes(1, 0, 1, 2)
    each = label_of_each_person(column, person, ("p", "q", "r"), lambda row: f"row {row}", _no)
    assert [each.names[code] for code in each.codes] == ["y", "x", "y"]


def test_a_person_in_two_groups_is_named_with_both_places() -> None:
    column = _labels("ethnicity", "x", "y", "y")
    with pytest.raises(ChisoError) as caught:
        label_of_each_person(
            column, _codes(0, 1, 0), ("p", "q"), lambda row: f"line {row + 2}", _no
        )
    assert "'p' is 'x' in line 2 and 'y' in line 4 (column ethnicity)" in caught.value.message


def test_a_person_with_two_labels_within_one_row_is_told_so() -> None:
    column = _labels("ethnicity", "x", "x", "x", "y")
    with pytest.raises(ChisoError) as caught:
        label_of_each_person(
            column, _codes(0, 1, 0, 1), ("p", "q"), lambda cell: f"line {cell % 2 + 2}", _no
        )
    assert "'q' is 'x' and 'y' within one row, line 3 (column ethnicity)" in caught.value.message


@pytest.mark.parametrize(
    ("one", "other"),
    [("Black", "black"), ("east_asian", "East Asian"), ("east-asian", "east asian")],
)
def test_labels_that_differ_in_case_or_spaces_alone_are_refused(one: str, other: str) -> None:
    with pytest.raises(ChisoError) as caught:
        crowd_of([_labels("ethnicity", one, other, "white")], _no)
    assert repr(one) in caught.value.message
    assert repr(other) in caught.value.message
    assert "white" not in caught.value.message


def test_the_name_of_all_people_is_no_group() -> None:
    with pytest.raises(ChisoError, match="everyone"):
        crowd_of([_labels("g", "everyone", "x")], _no)


def test_a_label_cannot_look_like_two_that_cross() -> None:
    with pytest.raises(ChisoError, match="×"):
        crowd_of([_labels("g", "a × b", "a"), _labels("h", "c", "b × c")], _no)
    assert crowd_of([_labels("g", "a × b", "a")], _no).groups == ("a", "a × b")
