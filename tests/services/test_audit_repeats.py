"""Comparisons that a table holds twice are counted once where that is sure, refused where not."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from chiso.core.audit_inputs import PairedLabels, ScoreTable, TableFile
from chiso.core.errors import ChisoError
from chiso.services.audit.repeats import distinct_comparisons

Row = tuple[str, str, float]


def _paired(column: str, a: Sequence[str], b: Sequence[str]) -> PairedLabels:
    names = tuple(sorted({*a, *b}))
    return PairedLabels(
        column,
        names,
        np.array([names.index(each) for each in a], np.int32),
        np.array([names.index(each) for each in b], np.int32),
    )


def _table(*rows: Row, named: bool = False) -> ScoreTable:
    """Rows of (a, b, score); with `named`, a is "subject/sample"."""
    a, b, scores = zip(*rows, strict=True)
    samples = None
    if named:
        samples = _paired(
            "sample", [each.split("/")[1] for each in a], [each.split("/")[1] for each in b]
        )
    subjects = _paired(
        "subject", [each.split("/")[0] for each in a], [each.split("/")[0] for each in b]
    )
    file = TableFile("t.csv", "", len(rows), lambda row: f"line {row + 2}")
    return ScoreTable(file, subjects, (), samples, np.array(scores))


def _kept(table: ScoreTable) -> list[int]:
    return np.flatnonzero(distinct_comparisons(table).kept).tolist()


def test_the_same_two_samples_count_once_from_whichever_side() -> None:
    table = _table(
        ("p/1", "q/1", 0.5),
        ("q/1", "p/1", 0.5),
        ("p/1", "q/2", 0.5),
        ("p/1", "q/1", 0.5),
        named=True,
    )
    assert _kept(table) == [0, 2]
    assert "2 rows repeat a comparison" in distinct_comparisons(table).note


def test_samples_of_two_people_may_have_the_same_name() -> None:
    table = _table(("p/1", "q/1", 0.5), ("p/1", "r/1", 0.5), ("q/1", "r/1", 0.5), named=True)
    assert _kept(table) == [0, 1, 2]
    assert distinct_comparisons(table).note == ""


def test_the_same_two_samples_with_two_scores_are_refused_naming_both_rows() -> None:
    table = _table(("p/1", "p/2", 0.5), ("p/1", "q/1", 0.1), ("q/1", "p/1", 0.2), named=True)
    with pytest.raises(ChisoError) as caught:
        distinct_comparisons(table)
    assert "line 3 and line 4 compare the same two samples, with scores 0.1 and 0.2" in str(
        caught.value
    )


def test_a_sample_compared_with_itself_is_refused() -> None:
    with pytest.raises(ChisoError, match="line 3: a sample is compared with itself"):
        distinct_comparisons(_table(("p/1", "q/1", 0.5), ("p/1", "p/1", 1.0), named=True))


def test_without_names_rows_of_the_same_people_are_different_samples() -> None:
    table = _table(("p", "q", 0.5), ("p", "q", 0.5), ("q", "p", 0.4), ("p", "p", 0.9))
    assert _kept(table) == [0, 1, 2, 3]


def test_without_names_a_full_matrix_of_different_people_counts_once() -> None:
    table = _table(("p", "q", 0.5), ("q", "p", 0.5), ("p", "q", 0.4), ("q", "p", 0.4))
    assert _kept(table) == [0, 2]
    assert "Every comparison is there twice" in distinct_comparisons(table).note


def test_without_names_some_mirrored_rows_are_refused_naming_two() -> None:
    table = _table(("p", "r", 0.1), ("p", "q", 0.5), ("p", "q", 0.5), ("q", "p", 0.5))
    with pytest.raises(ChisoError) as caught:
        distinct_comparisons(table)
    assert "line 3 and line 5 both compare 'p' and 'q', from either side" in str(caught.value)
    assert "sample_a and sample_b" in caught.value.hint


def test_a_full_matrix_with_mated_rows_is_refused_where_samples_have_no_names() -> None:
    same = (("p", "p", 1.0), ("p", "p", 0.9), ("p", "p", 0.9), ("p", "p", 1.0))
    with pytest.raises(ChisoError, match="line 2 and line 3"):
        distinct_comparisons(_table(("p", "q", 0.5), ("q", "p", 0.5), *same))


@pytest.mark.parametrize("sign", [1, -1])
def test_mated_rows_that_all_have_the_best_score_are_told(sign: int) -> None:
    rows = (("p", "q", 0.5), ("p", "p", 1.0), ("q", "q", 1.0))
    table = _table(*((a, b, sign * score) for a, b, score in rows))
    assert _kept(table) == [0, 1, 2]
    assert (
        "2 mated comparisons all have the best score there is" in distinct_comparisons(table).note
    )
    few = _table(("p", "q", 0.5), ("p", "p", 1.0), ("q", "q", 0.9))
    assert distinct_comparisons(few).note == ""


@given(st.lists(st.tuples(*[st.integers(0, 3)] * 4), min_size=1, max_size=30))
def test_what_is_kept_is_each_comparison_of_two_samples_once(
    drawn: list[tuple[int, int, int, int]],
) -> None:
    rows = [(f"{a}/{s}", f"{b}/{t}", 0.5) for a, s, b, t in drawn if (a, s) != (b, t)]
    if not rows:
        return
    kept = _kept(_table(*rows, named=True))
    pairs = [frozenset(row[:2]) for row in rows]
    assert [pairs.index(pair) for pair in dict.fromkeys(pairs)] == kept
