from __future__ import annotations

import numpy as np
import pytest

from chiso.volunteers.colour import luminance, srgb_from_linear
from chiso.volunteers.monk import swatch, swatch_hex

TONES = range(1, 11)


def test_the_lightest_and_the_darkest_are_the_published_ones() -> None:
    assert (swatch_hex(1), swatch_hex(10)) == ("f6ede4", "292420")


@pytest.mark.parametrize("tone", TONES)
def test_a_swatch_is_its_code_in_linear_light(tone: int) -> None:
    encoded = np.rint(srgb_from_linear(swatch(tone)) * 255).astype(np.uint8)
    assert encoded.tobytes().hex() == swatch_hex(tone)


def test_from_the_third_on_each_is_darker_than_the_last() -> None:
    light = [float(luminance(swatch(tone))) for tone in TONES]
    assert light[2:] == sorted(light[2:], reverse=True)
    assert max(light) == light[0]


@pytest.mark.parametrize("tone", [0, 11, -1])
def test_there_is_no_other_tone(tone: int) -> None:
    with pytest.raises(ValueError, match="1 to 10"):
        swatch(tone)
