from __future__ import annotations

import io
from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from chiso.evaluate.everyday import EVERYDAY, HARD, MILD, Severity, everyday_photo

EYES = np.array([[70.0, 80.0], [130.0, 80.0]])
PLAIN = Severity((60.0, 60.0), (1.0, 1.0), (0.0, 0.0), (0.0, 0.0), (95, 95), 0.0, 0.0, 0.0, 0.0)


def _picture(level: int = 120) -> NDArray[np.uint8]:
    return np.full((200, 200, 3), level, np.uint8)


def _read(file: bytes) -> NDArray[np.uint8]:
    with Image.open(io.BytesIO(file)) as image:
        assert image.format == "JPEG"
        return np.asarray(image.convert("RGB"))


@pytest.mark.parametrize("severity", [MILD, EVERYDAY, HARD])
def test_the_same_seed_gives_the_same_file_and_another_seed_another(severity: Severity) -> None:
    first = everyday_photo(_picture(), EYES, severity, (1, 2))
    assert everyday_photo(_picture(), EYES, severity, (1, 2)) == first
    assert everyday_photo(_picture(), EYES, severity, (1, 3)) != first


def test_the_picture_given_is_left_as_it_is() -> None:
    picture = _picture()
    everyday_photo(picture, EYES, HARD, (1,))
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


def test_something_covers_the_face_as_often_as_said() -> None:
    covered = replace(PLAIN, occluded=1.0)
    for seed in range(12):
        plain = _read(everyday_photo(_picture(), EYES, PLAIN, (seed,))).astype(float)
        patched = _read(everyday_photo(_picture(), EYES, covered, (seed,))).astype(float)
        assert (np.abs(patched - plain).max(axis=2) > 40).mean() > 0.005 or np.abs(
            patched - plain
        ).mean() > 0.5


def test_eyes_in_one_place_are_refused() -> None:
    with pytest.raises(ValueError, match="one place"):
        everyday_photo(_picture(), np.array([[5.0, 5.0], [5.0, 5.0]]), MILD, (1,))
