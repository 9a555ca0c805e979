"""Draws of people: what they weigh, and rates from them against loops over comparisons."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from tests.evaluate.crowds import crowd_of, faces

from chiso.evaluate.bootstrap import (
    draw_people,
    drawn_fmr,
    drawn_fnmr,
    drawn_separability,
    drawn_thresholds,
    percentile_interval,
)
from chiso.evaluate.evidence import Crowd, Distribution, Evidence, Mated, NonMated, Scores
from chiso.evaluate.pair_counts import ListedCounts
from chiso.evaluate.vectors import VectorSource

_GROUP_OF = np.array([0, 0, 0, 0, 1, 1, 1, 2], dtype=np.int32)
_CROWD = Crowd(("a", "b", "c"), _GROUP_OF)
_ALL = np.ones(8, dtype=np.bool_)


def _evidence(seed: int, each: int = 2) -> Evidence:
    rng = np.random.default_rng(seed)
    one, other = (side.astype(np.int32).repeat(each) for side in np.triu_indices(8, 1))
    person = np.arange(8, dtype=np.int32).repeat(3)
    none = np.zeros((3, 1), dtype=np.int64)
    return Evidence(
        crowd=_CROWD,
        chosen=_ALL,
        mated=Mated(rng.normal(2, 1, len(person)), person),
        nonmated=NonMated(
            rng.normal(0, 1, len(one)), one, other, -np.inf, ListedCounts(one, other, 8)
        ),
        distribution=Distribution(np.array([-9.0, 9.0]), none, none[:, :, None].repeat(3, 1)),
    )


def _weights(seed: int, draws: int = 5) -> Scores:
    return draw_people(_CROWD, _ALL, draws, np.random.default_rng(seed))


def test_every_draw_holds_each_group_in_full_and_nobody_who_was_not_chosen() -> None:
    chosen = np.array([1, 1, 1, 1, 0, 1, 1, 1], dtype=np.bool_)
    weights = draw_people(_CROWD, chosen, 200, np.random.default_rng(1))
    assert weights[:, 4].max() == 0
    for group, people in (("a", 4), ("b", 2), ("c", 1)):
        assert weights[:, _CROWD.members(group)].sum(axis=1) == pytest.approx(people)


def test_a_mean_varies_between_draws_as_it_does_between_samples() -> None:
    values = np.array([3.0, 5.0, 8.0, 16.0])
    crowd = Crowd(("a",), np.zeros(4, dtype=np.int32))
    weights = draw_people(crowd, np.ones(4, dtype=np.bool_), 20_000, np.random.default_rng(2))
    assert (weights @ values / 4).var() == pytest.approx(values.var(ddof=1) / 4, rel=0.05)


@pytest.mark.parametrize("names", [("a", "a"), ("a", "b"), ("b", "c")])
def test_drawn_false_match_rates_weigh_comparisons_by_both_people(names: tuple[str, str]) -> None:
    evidence, weights = _evidence(3), _weights(3)
    left, right = (_CROWD.members(name) for name in names)
    found = evidence.nonmated
    rates = []
    for w in weights:
        errors = trials = 0.0
        for score, i, j in zip(found.scores, found.one, found.other, strict=True):
            if (left[i] and right[j]) or (right[i] and left[j]):
                trials += w[i] * w[j]
                errors += w[i] * w[j] * (score >= 0.5)
        rates.append(errors / trials if trials else np.nan)
    assert drawn_fmr(evidence, 0.5, left, right, weights) == pytest.approx(rates, nan_ok=True)
    assert any(rate > 0 for rate in rates)


def test_drawn_false_non_match_rates_weigh_comparisons_by_their_person() -> None:
    evidence, weights = _evidence(4), _weights(4)
    members = _CROWD.members("a")
    mated = evidence.mated
    mine = members[mated.person]
    w = weights[:, mated.person[mine]]
    rates = (w * (mated.scores[mine] < 2)).sum(axis=1) / w.sum(axis=1)
    assert drawn_fnmr(evidence, 2.0, members, weights) == pytest.approx(rates)


@pytest.mark.parametrize("at_fmr", [0.02, 0.1, 0.4])
def test_drawn_separability_finds_each_draw_its_own_threshold(at_fmr: float) -> None:
    evidence, weights = _evidence(5), _weights(5)
    rates = []
    for w in weights:
        one = w[None]
        # The lowest threshold that holds the rate lies just above one of the scores, or below all.
        tried = [-np.inf, *np.nextafter(np.sort(evidence.nonmated.scores), np.inf)]
        threshold = next(t for t in tried if drawn_fmr(evidence, t, _ALL, _ALL, one)[0] <= at_fmr)
        rates.append(drawn_fnmr(evidence, threshold, _ALL, one)[0])
    assert drawn_separability(evidence, at_fmr, _ALL, weights) == pytest.approx(rates)


def test_draws_without_the_people_of_the_highest_scores_have_the_threshold_of_the_others(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("chiso.evaluate.bootstrap._TAIL_SPARE", 0)
    evidence, weights = _evidence(5), _weights(8, draws=40)
    found = evidence.nonmated
    hub = (found.one == 0) | (found.other == 0)
    evidence = replace(evidence, nonmated=replace(found, scores=found.scores + 10 * hub))
    expected = []
    for w in weights:
        tried = np.nextafter(np.sort(evidence.nonmated.scores), np.inf)
        expected.append(
            next(t for t in tried if drawn_fmr(evidence, t, _ALL, _ALL, w[None])[0] <= 0.05)
        )
    assert (weights[:, 0] == 0).any()
    assert drawn_thresholds(evidence, 0.05, _ALL, weights) == pytest.approx(expected)


def test_draws_of_everyone_leave_out_what_was_kept_of_a_group_alone() -> None:
    crowd = crowd_of(17, 1, 23)
    vectors, person = faces(crowd, 3, seed=5)
    everyone = np.ones(crowd.people, dtype=np.bool_)
    full = VectorSource(crowd, vectors, person).evidence(everyone)
    some = VectorSource(crowd, vectors, person, keep_all=100).evidence(everyone)
    weights = draw_people(crowd, everyone, 200, np.random.default_rng(9))
    exact, kept = (drawn_thresholds(each, 0.03, everyone, weights) for each in (full, some))
    assert kept == pytest.approx(np.maximum(exact, some.nonmated.floor), abs=1e-6)


def test_a_thinned_tail_gives_nearly_the_same_separability(monkeypatch: pytest.MonkeyPatch) -> None:
    evidence, weights = _evidence(6, each=2000), _weights(6, draws=40)
    whole = drawn_separability(evidence, 0.05, _ALL, weights)
    monkeypatch.setattr("chiso.evaluate.bootstrap._TAIL_ROWS", 800)
    thinned = drawn_separability(evidence, 0.05, _ALL, weights)
    assert thinned == pytest.approx(whole, abs=0.06)
    assert whole.std() > 0


def test_a_group_of_one_has_no_false_match_rate_in_any_draw() -> None:
    alone = _CROWD.members("c")
    assert np.isnan(drawn_fmr(_evidence(7), 0.0, alone, alone, _weights(7))).all()
    assert np.isnan(drawn_separability(_evidence(7), 0.1, alone, _weights(7))).all()


def test_percentiles_leave_out_a_few_undefined_draws_and_refuse_many() -> None:
    values = np.arange(1000.0)
    assert percentile_interval(values) == (24.0, 975.0)
    values[:50] = np.nan
    assert percentile_interval(values) == (73.0, 976.0)
    values[50] = np.nan
    assert percentile_interval(values) is None


def test_percentiles_may_be_infinite_where_draws_divide_by_zero() -> None:
    assert percentile_interval(np.array([1.0, 2.0, np.inf, np.inf])) == (1.0, np.inf)
