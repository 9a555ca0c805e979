from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from chiso.capture.align import align, similarity
from chiso.core.errors import ChisoError, Code
from chiso.core.samples import AlignmentGeometry, BiometricSample, Box, Face

GEOMETRY = AlignmentGeometry(
    150, ((47.4, 49.0), (101.7, 48.4), (73.1, 76.6), (51.3, 101.5), (96.1, 100.3))
)
POINTS = np.array(GEOMETRY.points)


@given(
    scale=st.floats(0.05, 20),
    angle=st.floats(-np.pi, np.pi),
    shift=st.tuples(st.floats(-500, 500), st.floats(-500, 500)),
)
def test_a_similarity_is_found_again(
    scale: float, angle: float, shift: tuple[float, float]
) -> None:
    moved = _turned(POINTS, scale, angle) + shift
    found = similarity(moved, POINTS)
    np.testing.assert_allclose(moved @ found[:, :2].T + found[:, 2], POINTS, atol=1e-6)


@given(st.lists(st.floats(-3, 3), min_size=10, max_size=10), st.integers(0, 3), st.floats(0.01, 1))
def test_no_other_similarity_fits_noisy_points_better(
    noise: list[float], which: int, step: float
) -> None:
    source = POINTS + np.reshape(noise, (5, 2))
    found = similarity(source, POINTS)

    def error(turn: complex, shift: complex) -> float:
        points = turn * (source @ (1, 1j)) + shift
        return float(np.sum(np.abs(points - POINTS @ (1, 1j)) ** 2))

    turn, shift = complex(found[0, 0], found[1, 0]), complex(found[0, 2], found[1, 2])
    nudge = step * (1, 1j, -1, -1j)[which]
    assert error(turn, shift) <= error(turn + nudge / 100, shift) + 1e-9
    assert error(turn, shift) <= error(turn, shift + nudge) + 1e-9


def test_landmarks_in_one_place_are_refused() -> None:
    with pytest.raises(ChisoError) as refusal:
        similarity(np.full((5, 2), 7.0), POINTS)
    assert refusal.value.code is Code.BAD_ARGUMENT


@pytest.mark.parametrize("scale", [0.4, 1.0, 3.3, 12.0])
@pytest.mark.parametrize("angle", [0.0, 0.5, -2.0])
def test_landmarks_land_where_the_geometry_wants_them(scale: float, angle: float) -> None:
    landmarks = _turned(POINTS - 75, scale, angle) + 1200
    rows, columns = np.mgrid[:2400, :2400]
    spread = 1.5 * max(scale, 1)
    spots = sum(
        np.exp(-((columns - x) ** 2 + (rows - y) ** 2) / (2 * spread**2)) for x, y in landmarks
    )
    pixels = np.repeat((spots * 255).clip(0, 255).astype(np.uint8)[..., None], 3, axis=2)

    chip = align(BiometricSample(pixels), _face(landmarks), GEOMETRY).chip

    rows, columns = np.mgrid[:150, :150]
    for x, y in POINTS:
        weight = chip[..., 0] * (np.hypot(columns - x, rows - y) < 11)
        centre = (columns * weight).sum() / weight.sum(), (rows * weight).sum() / weight.sum()
        np.testing.assert_allclose(centre, (x, y), atol=0.3)


def test_a_face_at_the_chips_own_size_keeps_its_pixels() -> None:
    pixels = np.random.default_rng(2).integers(0, 256, (150, 150, 3), dtype=np.uint8)
    chip = align(BiometricSample(pixels), _face(POINTS), GEOMETRY).chip
    assert np.abs(chip.astype(int) - pixels).max() <= 1


def test_fine_texture_on_a_large_face_is_averaged_not_sampled() -> None:
    rows, columns = np.mgrid[:1500, :1500]
    checks = ((rows // 2 + columns // 2) % 2 * 255).astype(np.uint8)
    sample = BiometricSample(np.repeat(checks[..., None], 3, axis=2))

    chip = align(sample, _face(POINTS * 9.3 + 20), GEOMETRY).chip

    assert chip[10:-10, 10:-10].std() < 15
    assert abs(chip[10:-10, 10:-10].mean() - 127.5) < 3


def test_what_lies_outside_the_sample_is_black() -> None:
    sample = BiometricSample(np.full((100, 100, 3), 200, np.uint8))
    chip = align(sample, _face(POINTS), GEOMETRY).chip
    assert (chip[110:] == 0).all()
    assert (chip[:90, :90] == 200).all()


def test_a_face_wholly_outside_the_sample_is_black() -> None:
    sample = BiometricSample(np.full((100, 100, 3), 200, np.uint8))
    assert (align(sample, _face(POINTS + 5000), GEOMETRY).chip == 0).all()


def test_aligning_leaves_the_sample_unchanged() -> None:
    pixels = np.random.default_rng(2).integers(0, 256, (300, 300, 3), dtype=np.uint8)
    before = pixels.copy()
    chip = align(BiometricSample(pixels), _face(POINTS * 1.8), GEOMETRY).chip
    np.testing.assert_array_equal(pixels, before)
    assert chip.dtype == np.uint8
    assert chip.shape == (150, 150, 3)


def _turned(points: NDArray[Any], scale: float, angle: float) -> NDArray[np.float64]:
    turn = scale * np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    return np.asarray(points @ turn.T)


def _face(landmarks: NDArray[Any]) -> Face:
    return Face(Box(0, 0, 1, 1), landmarks.astype(np.float32), 1.0)
