"""Everyday degradation: the same for the same seed, and each step as strong as is said."""

from __future__ import annotations

import io
from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from chiso.evaluate.everyday import EVERYDAY, MILD, Severity, everyday_photo

EYES = np.array([[70.0, 80.0], [130.0, 80.0]])
PLAIN = Severity((60.0, 60.0), (1.0, 1.0), (0.0, 0.0), (0.0, 0.0), (95, 95), 0.0, 0.0, 0.0, 0.0)


def _picture(level: int = 120) -> NDArray[np.uint8]:
    return np.full((200, 200, 3), level, np.uint8)


def _read(file: bytes) -> NDArray[np.uint8]:
    with Image.open(io.BytesIO(file)) as image:
        assert image.format == "JPEG"
        return np.asarray(image.convert("RGB"))


@pytest.mark.parametrize("severity", [MILD, EVERYDAY])
def test_the_same_seed_gives_the_same_file_and_another_seed_another(severity: Severity) -> None:
    first = everyday_photo(_picture(), EYES, severity, (1, 2))
    assert everyday_photo(_picture(), EYES, severity, (1, 2)) == first
    assert everyday_photo(_picture(), EYES, severity, (1, 3)) != first


def test_the_picture_given_is_left_as_it_is() -> None:
    picture = _picture()
    everyday_photo(picture, EYES, EVERYDAY, (1,))
    np.testing.assert_array_equal(picture, _picture())


def test_eyes_come_as_close_as_drawn_and_a_photo_is_never_enlarged() -> None:
    small = _read(everyday_photo(_picture(), EYES, replace(PLAIN, inter_eye_px=(15, 15)), (1,)))
    assert small.shape == (50, 50, 3)
    same = _read(everyday_photo(_picture(), EYES, replace(PLAIN, inter_eye_px=(90, 90)), (1,)))
    assert same.shape == (200, 200, 3)


def test_less_light_is_darker_and_gain_brings_light_back_with_more_noise() -> None:
    full = _read(everyday_photo(_picture(), EYES, PLAIN, (4,))).astype(float)
    dark = replace(PLAIN, light=(0.2, 0.2))
    dim = _read(everyday_photo(_picture(), EYES, dark, (4,))).astype(float)
    lifted = _read(everyday_photo(_picture(), EYES, replace(dark, lift=(1.0, 1.0)), (4,)))
    assert dim.mean() < 0.6 * full.mean()
    assert lifted.mean() == pytest.approx(full.mean(), rel=0.03)
    assert lifted.std() > 1.5 * full.std()


def _covered(share: float, seed: int) -> tuple[NDArray[np.bool_], NDArray[np.float64]]:
    """Blocks of 5 × 5 px that are not as the even picture was, and the mean colour of each."""
    severity = replace(PLAIN, inter_eye_px=(30.0, 30.0), occluded=share)
    photo = _read(everyday_photo(_picture()[:100, :100], EYES / 2, severity, (seed,)))
    blocks = photo.reshape(20, 5, 20, 5, 3).mean(axis=(1, 3))
    # The mean of a block of the even picture is within 4 levels of it: noise and JPEG.
    return (np.abs(blocks - 120) > 8).any(axis=2), blocks


@pytest.mark.parametrize(("share", "fewest", "most"), [(0.0, 0, 0), (0.5, 45, 75), (1.0, 120, 120)])
def test_something_covers_the_face_as_often_as_said(share: float, fewest: int, most: int) -> None:
    # Of 120 photos; three deviations of a fair coin are 16.
    times = sum(bool(_covered(share, seed)[0].any()) for seed in range(120))
    assert fewest <= times <= most


def test_what_covers_is_one_plain_patch_on_mouth_side_or_forehead() -> None:
    seen = set()
    for seed in range(40):
        covered, colours = _covered(1.0, seed)
        # The smallest patch is 0.55 by 3 inter-eye distances of 30 px, the largest 2.4 by 1.3.
        assert 0.1 < covered.mean() < 0.35
        down, right = np.nonzero(covered)
        # Blocks at its edge are patch in part.
        inside = np.s_[down.min() + 1 : down.max(), right.min() + 1 : right.max()]
        assert covered[inside].all()
        assert colours[inside].reshape(-1, 3).std(axis=0).max() < 6
        seen.add(
            (bool(covered[0, 10]), bool(covered[18, 10]), bool(covered[10, 2] | covered[10, 17]))
        )
    assert seen == {(True, False, False), (False, True, False), (False, False, True)}


def test_eyes_in_one_place_are_refused() -> None:
    with pytest.raises(ValueError, match="one place"):
        everyday_photo(_picture(), np.array([[5.0, 5.0], [5.0, 5.0]]), MILD, (1,))
