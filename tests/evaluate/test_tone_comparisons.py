"""Who is compared with whom at which tone, on templates that lie where they were put."""

from __future__ import annotations

import numpy as np
import pytest

from chiso.evaluate.tone import Stage, Tones
from chiso.evaluate.tone_comparisons import (
    Templates,
    Vectors,
    across_all_tones,
    across_from_base,
    angles_deg,
    different_people,
    matches_at,
    misses_at,
    moved_by_tone,
    same_person,
)

TONES = Tones((1, 5, 10), base=5)


def _at(degrees: np.ndarray[tuple[int, ...], np.dtype[np.float64]]) -> Vectors:
    """Templates at these angles from the first axis; shape (people, captures, tones, 2)."""
    angles = np.radians(degrees)
    return np.stack([np.cos(angles), np.sin(angles)], axis=-1).astype(np.float32)


# Person p, capture c, tone t at 90 p + 10 c + t degrees as a probe, and 40 more as a reference.
_PERSON, _CAPTURE, _TONE = np.meshgrid([0, 90], [0, 10, 20], [0, 1, 5], indexing="ij")
_PROBES = _at((_PERSON + _CAPTURE + _TONE).astype(float))
TEMPLATES = Templates(_at((_PERSON + _CAPTURE + _TONE + 40).astype(float)), _PROBES)
# Of the first person with the second, reference less probe: 40 + 10 (c - c'), less and plus 90.
_BETWEEN = np.mean(
    [
        *(abs(-50 + 10 * c) for c in (1, 2, 1, -1, -2, -1)),
        *(130 + 10 * c for c in (1, 2, 1, -1, -2, -1)),
    ]
)


def test_a_persons_reference_is_compared_with_her_probes_of_other_captures_at_one_tone() -> None:
    angles = angles_deg(same_person(TEMPLATES))
    assert angles.shape == (2, 6, 3)
    # Reference of the first, second, third capture with probes of the other two.
    assert angles[0, :, 2] == pytest.approx([30, 20, 50, 30, 60, 50], abs=0.01)


def test_tone_alone_moves_the_same_probe() -> None:
    angles = angles_deg(moved_by_tone(TEMPLATES, TONES.base_index))
    assert angles[1, 2] == pytest.approx([1, 0, 4], abs=0.05)


def test_across_tones_either_photo_is_the_reference_once() -> None:
    measure = across_from_base("a", Stage.EMBED, TONES, TEMPLATES, angles_deg)
    assert measure.trials.tolist() == [24, 12, 24]
    # Of the same captures the difference is +4 one way and -4 the other.
    assert measure.levels[0] == pytest.approx([40, 40, 40], abs=0.01)
    assert measure.differences[0] == pytest.approx([0, 0, 0], abs=0.01)
    assert measure.events is None


def test_across_tones_misses_are_counted_both_ways_and_once_at_the_base() -> None:
    below = misses_at(float(np.cos(np.radians(55))))
    measure = across_from_base("m", Stage.DECIDE, TONES, TEMPLATES, below, is_rate=True)
    assert measure.events is not None
    # Farther than 55 degrees at tone 10 against 5: 64 and 56, and 54 and 46 the other way; at the
    # base 60 of either person.
    reference_higher = [34, 24, 54, 34, 64, 54]
    probe_higher = [26, 16, 46, 26, 56, 46]
    missed = sum(each > 55 for each in reference_higher + probe_higher)
    assert measure.events.tolist()[1:] == [2, 2 * missed]
    assert measure.levels[0, 2] == pytest.approx(missed / 12)


def test_a_reference_is_no_probe() -> None:
    swapped = Templates(TEMPLATES.probes, TEMPLATES.references)
    angles = angles_deg(same_person(swapped))[0, :, 2]
    assert sorted(angles) == pytest.approx([20, 30, 30, 50, 50, 60], abs=0.01)
    assert angles != pytest.approx(angles_deg(same_person(TEMPLATES))[0, :, 2], abs=0.01)
    alike = Templates(TEMPLATES.probes, TEMPLATES.probes)
    assert angles_deg(same_person(alike))[0, :, 2] == pytest.approx([10, 20, 10, 10, 20, 10], 0.01)


def test_different_people_are_compared_both_ways_and_never_in_one_capture() -> None:
    measure = different_people("a", Stage.EMBED, TONES, TEMPLATES, angles_deg)
    assert measure.trials.tolist() == [12, 12, 12]
    assert measure.levels[0, 1] == pytest.approx([_BETWEEN] * 3, abs=0.01)
    assert measure.levels[0, 1] == pytest.approx(measure.levels[1, 0])
    assert np.isnan(measure.levels[0, 0]).all()
    assert measure.differences[0, 1] == pytest.approx([0, 0, 0], abs=0.01)


def test_against_the_base_tone_each_is_the_reference_at_either() -> None:
    measure = different_people("a", Stage.EMBED, TONES, TEMPLATES, angles_deg, against_base=True)
    assert measure.trials.tolist() == [24, 12, 24]
    assert measure.levels[0, 1, 2] == pytest.approx(_BETWEEN, abs=0.01)  # +4 one way, -4 the other


def test_a_missing_template_leaves_its_comparisons_out() -> None:
    holed = Templates(TEMPLATES.references.copy(), TEMPLATES.probes.copy())
    for each in (holed.references, holed.probes):
        each[0, 0, 2] = np.nan
    is_near = matches_at(0.0)
    measure = different_people("m", Stage.DECIDE, TONES, holed, is_near, is_rate=True)
    assert measure.trials.tolist() == [12, 12, 8]
    assert measure.events is not None
    # The first person's probes lie within 90 degrees of the second's references never.
    assert measure.events.tolist() == [6, 6, 4]
    scores = same_person(holed)[0, :, 2]
    assert np.isnan(scores).tolist() == [True, True, True, False, True, False]
    across = across_from_base("m", Stage.EMBED, TONES, holed, angles_deg)
    assert across.trials.tolist() == [24, 12, 20]


def test_a_score_at_the_threshold_is_a_match() -> None:
    scores = np.array([0.5, 0.49, np.nan])
    assert matches_at(0.5)(scores)[:2].tolist() == [1, 0]
    assert misses_at(0.5)(scores)[:2].tolist() == [0, 1]
    assert np.isnan([matches_at(0.5)(scores)[2], misses_at(0.5)(scores)[2]]).all()


def test_pooled_comparisons_part_one_tone_from_two() -> None:
    same, different, same_count, different_count = across_all_tones(TEMPLATES, angles_deg)
    assert (same_count, different_count) == (36, 72)
    assert same[0, 1, 0] == pytest.approx(_BETWEEN, abs=0.01)
    assert different[1, 0, 0] == pytest.approx(different[0, 1, 0])
    assert different[1, 0, 0] == pytest.approx(_BETWEEN, abs=0.01)
