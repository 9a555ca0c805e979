"""Who is compared with whom at which tone, on templates that lie where they were put."""

from __future__ import annotations

import numpy as np
import pytest

from chiso.evaluate.tone import Stage, Tones
from chiso.evaluate.tone_comparisons import (
    Vectors,
    across_all_tones,
    angles_deg,
    different_people,
    matches_at,
    misses_at,
    moved_by_tone,
    same_person,
    same_person_across_tones,
)

TONES = Tones((1, 5, 10), base=5)


def _at(degrees: np.ndarray[tuple[int, ...], np.dtype[np.float64]]) -> Vectors:
    """Templates at these angles from the first axis; shape (people, captures, tones, 2)."""
    angles = np.radians(degrees)
    return np.stack([np.cos(angles), np.sin(angles)], axis=-1).astype(np.float32)


# Person p, capture c, tone t at 90 p + 10 c + t degrees.
_PERSON, _CAPTURE, _TONE = np.meshgrid([0, 90], [0, 10, 20], [0, 1, 5], indexing="ij")
VECTORS = _at((_PERSON + _CAPTURE + _TONE).astype(float))


def test_a_person_is_compared_with_herself_across_captures_at_one_tone() -> None:
    angles = angles_deg(same_person(VECTORS))
    assert angles.shape == (2, 3, 3)
    assert angles[0, :, 2] == pytest.approx([10, 20, 10], abs=0.01)


def test_tone_alone_moves_the_same_capture_only() -> None:
    angles = angles_deg(moved_by_tone(VECTORS, TONES.base_index))
    assert angles[1, 2] == pytest.approx([1, 0, 4], abs=0.05)


def test_across_tones_a_person_is_compared_across_captures_too() -> None:
    angles = angles_deg(same_person_across_tones(VECTORS, TONES.base_index))
    assert angles.shape == (2, 6, 3)
    assert sorted(angles[0, :, 2]) == pytest.approx([6, 6, 14, 14, 16, 24], abs=0.01)


def test_different_people_are_never_compared_in_one_capture() -> None:
    measure = different_people("a", Stage.EMBED, TONES, VECTORS, angles_deg)
    assert measure.trials.tolist() == [6, 6, 6]
    assert measure.levels[0, 1, 0] == pytest.approx(np.mean([100, 110, 80, 100, 70, 80]), abs=0.01)
    assert measure.levels[0, 1] == pytest.approx(measure.levels[1, 0])
    assert np.isnan(measure.levels[0, 0]).all()
    assert measure.differences[0, 1] == pytest.approx([0, 0, 0], abs=0.01)


def test_against_the_base_tone_each_is_once_at_either() -> None:
    measure = different_people("a", Stage.EMBED, TONES, VECTORS, angles_deg, against_base=True)
    assert measure.trials.tolist() == [12, 6, 12]
    mean = np.mean([100, 110, 80, 100, 70, 80])
    assert measure.levels[0, 1, 2] == pytest.approx(mean, abs=0.01)  # +4 one way, -4 the other


def test_a_missing_template_leaves_its_comparisons_out() -> None:
    vectors = VECTORS.copy()
    vectors[0, 0, 2] = np.nan
    measure = different_people("m", Stage.DECIDE, TONES, vectors, matches_at(0.0), is_rate=True)
    assert measure.trials.tolist() == [6, 6, 4]
    assert measure.events is not None
    assert measure.events.tolist() == [3, 3, 3]
    assert np.isnan(same_person(vectors)[0, :2, 2]).all()


def test_a_score_at_the_threshold_is_a_match() -> None:
    scores = np.array([0.5, 0.49, np.nan])
    assert matches_at(0.5)(scores)[:2].tolist() == [1, 0]
    assert misses_at(0.5)(scores)[:2].tolist() == [0, 1]
    assert np.isnan([matches_at(0.5)(scores)[2], misses_at(0.5)(scores)[2]]).all()


def test_pooled_comparisons_part_one_tone_from_two() -> None:
    same, different, same_count, different_count = across_all_tones(VECTORS, angles_deg)
    assert (same_count, different_count) == (18, 36)
    assert same[0, 1, 0] == pytest.approx(90, abs=0.01)
    assert different[1, 0, 0] == pytest.approx(90, abs=0.01)
