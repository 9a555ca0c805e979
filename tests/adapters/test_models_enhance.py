from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from chiso.adapters.models.enhance import blurred, degraded, denoised
from chiso.adapters.models.manifest import Copy, GuidedFilter

SETTINGS = GuidedFilter(radius_px=2, epsilon=0.04)


def _noise(seed: int, side: int = 24) -> NDArray[np.uint8]:
    return np.random.default_rng(seed).integers(0, 256, (1, side, side, 3), dtype=np.uint8)


def _by_regression(chip: NDArray[np.uint8], settings: GuidedFilter) -> NDArray[np.float64]:
    """The guided filter, window by window, as its authors define it."""
    image = np.pad(chip / 255.0, [(settings.radius_px,) * 2] * 2 + [(0, 0)], mode="symmetric")
    luma = image @ [0.299, 0.587, 0.114]
    side = 2 * settings.radius_px + 1
    height, width = chip.shape[:2]
    lines = np.zeros((height, width, 2, 3))
    for y in range(height):
        for x in range(width):
            guide = luma[y : y + side, x : x + side].ravel()
            values = image[y : y + side, x : x + side].reshape(-1, 3)
            slope = ((guide[:, None] * values).mean(0) - guide.mean() * values.mean(0)) / (
                guide.var() + settings.epsilon
            )
            lines[y, x] = slope, values.mean(0) - slope * guide.mean()
    around = np.pad(lines, [(settings.radius_px,) * 2] * 2 + [(0, 0)] * 2, mode="symmetric")
    means = np.array(
        [
            [around[y : y + side, x : x + side].mean((0, 1)) for x in range(width)]
            for y in range(height)
        ]
    )
    own = chip / 255.0 @ [0.299, 0.587, 0.114]
    expected: NDArray[np.float64] = means[:, :, 0] * own[..., None] + means[:, :, 1]
    return expected * 255.0


def test_denoising_is_the_guided_filter_of_its_authors() -> None:
    chips = _noise(1)
    expected = _by_regression(chips[0], SETTINGS)
    assert np.abs(denoised(chips, SETTINGS)[0] - expected).max() <= 0.51


@pytest.mark.parametrize("level", [0, 3, 128, 255])
def test_a_plain_chip_stays_as_it_is(level: int) -> None:
    chips = np.full((2, 20, 20, 3), level, np.uint8)
    np.testing.assert_array_equal(denoised(chips, SETTINGS), chips)
    np.testing.assert_array_equal(blurred(chips, 2.0), chips)


def test_noise_goes_and_an_edge_stays() -> None:
    clean = np.full((1, 40, 40, 3), 60, np.uint8)
    clean[:, :, 20:] = 190
    noise = np.random.default_rng(2).normal(0, 12, clean.shape)
    noisy = np.clip(clean + noise, 0, 255).astype(np.uint8)
    smooth = denoised(noisy, SETTINGS).astype(float)
    assert smooth[:, :, 2:15].std() < 0.5 * noisy[:, :, 2:15].std()
    assert smooth[:, :, 22].mean() - smooth[:, :, 17].mean() > 90


def test_copies_come_out_the_same_every_time_and_leave_the_chip_alone() -> None:
    chips = _noise(3, 150)
    before = chips.copy()
    copies = [Copy(blur_px=1.0), Copy(side_px=50), Copy(light=0.2, noise=0.1, seed=5)]
    once, twice = degraded(chips, copies), degraded(chips, copies)
    for one, other in zip(once, twice, strict=True):
        np.testing.assert_array_equal(one, other)
        assert np.abs(one.astype(int) - chips).mean() > 1
    np.testing.assert_array_equal(chips, before)


def test_a_copy_in_less_light_is_darker_also_without_noise() -> None:
    grey = np.full((1, 20, 20, 3), 128, np.uint8)
    (copy,) = degraded(grey, [Copy(light=0.5)])
    half = 255 * ((128 / 255) ** 2.2 * 0.5) ** (1 / 2.2)
    assert np.abs(copy - half).max() <= 0.5


def test_the_noise_of_a_copy_is_normal_and_never_changes() -> None:
    grey = np.full((1, 150, 150, 3), 128, np.uint8)
    (copy,) = degraded(grey, [Copy(light=1.0, noise=0.05, seed=1)])
    linear = (copy / 255.0) ** 2.2
    expected = 0.05 * np.sqrt((128 / 255) ** 2.2 + 0.01)
    assert linear.std() == pytest.approx(expected, rel=0.03)
    # Templates rest on these numbers: if this fails, every home must enrol its people again.
    assert copy[0, 0, :4, 0].tolist() == [127, 126, 131, 116]
