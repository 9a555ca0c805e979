from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from chiso.volunteers.colour import (
    ciede2000,
    lab_from_linear,
    linear_from_srgb,
    luminance,
    srgb_from_linear,
)

SHARMA_WU_DALAL_2005_TABLE_1 = (
    ((50.0, 2.6772, -79.7751), (50.0, 0.0, -82.7485), 2.0425),
    ((50.0, 3.1571, -77.2803), (50.0, 0.0, -82.7485), 2.8615),
    ((50.0, 2.8361, -74.0200), (50.0, 0.0, -82.7485), 3.4412),
    ((50.0, -1.3802, -84.2814), (50.0, 0.0, -82.7485), 1.0000),
    ((50.0, 0.0, 0.0), (50.0, -1.0, 2.0), 2.3669),
    ((50.0, 2.49, -0.0010), (50.0, -2.49, 0.0009), 7.1792),
    ((50.0, 2.49, -0.0010), (50.0, -2.49, 0.0011), 7.2195),
    ((50.0, -0.0010, 2.49), (50.0, 0.0009, -2.49), 4.8045),
    ((50.0, 2.5, 0.0), (50.0, 0.0, -2.5), 4.3065),
    ((50.0, 2.5, 0.0), (73.0, 25.0, -18.0), 27.1492),
    ((50.0, 2.5, 0.0), (61.0, -5.0, 29.0), 22.8977),
    ((50.0, 2.5, 0.0), (56.0, -27.0, -3.0), 31.9030),
    ((50.0, 2.5, 0.0), (58.0, 24.0, 15.0), 19.4535),
    ((60.2574, -34.0099, 36.2677), (60.4626, -34.1751, 39.4387), 1.2644),
    ((63.0109, -31.0961, -5.8663), (62.8187, -29.7946, -4.0864), 1.2630),
    ((22.7233, 20.0904, -46.6940), (23.0331, 14.9730, -42.5619), 2.0373),
    ((90.8027, -2.0831, 1.4410), (91.1528, -1.6435, 0.0447), 1.4441),
    ((2.0776, 0.0795, -1.1350), (0.9033, -0.0636, -0.5514), 0.9082),
)

Triple = tuple[float, float, float]
channel = st.floats(0.0, 1.0)
colour = st.tuples(channel, channel, channel)


@pytest.mark.parametrize(("one", "two", "difference"), SHARMA_WU_DALAL_2005_TABLE_1)
def test_ciede2000_is_what_its_authors_published(
    one: Triple, two: Triple, difference: float
) -> None:
    assert ciede2000(one, two) == pytest.approx(difference, abs=5e-5)
    assert ciede2000(two, one) == pytest.approx(difference, abs=5e-5)


def test_ciede2000_takes_arrays() -> None:
    ones, twos, differences = zip(*SHARMA_WU_DALAL_2005_TABLE_1, strict=True)
    np.testing.assert_allclose(ciede2000(ones, twos), differences, atol=5e-5)


@given(colour, colour)
def test_ciede2000_is_the_same_both_ways_and_never_negative(one: Triple, two: Triple) -> None:
    first, second = lab_from_linear(one), lab_from_linear(two)
    assert ciede2000(first, second) == pytest.approx(float(ciede2000(second, first)), abs=1e-9)
    assert ciede2000(first, second) >= 0
    assert ciede2000(first, first) == 0


@given(colour)
def test_decoding_undoes_encoding(linear: Triple) -> None:
    np.testing.assert_allclose(linear_from_srgb(srgb_from_linear(linear)), linear, atol=1e-6)


def test_a_middle_code_decodes_to_its_published_light() -> None:
    assert linear_from_srgb(np.full(3, 0.5)) == pytest.approx(np.full(3, 0.21404114))


def test_encoding_clips_what_a_screen_cannot_show() -> None:
    assert srgb_from_linear((-0.1, 0.0, 7.0)).tolist() == pytest.approx([0.0, 0.0, 1.0])


def test_white_black_and_red_have_their_known_lab() -> None:
    lab = lab_from_linear([(1.0, 1.0, 1.0), (0.0, 0.0, 0.0), (1.0, 0.0, 0.0)])
    known = [(100.0, 0.0, 0.0), (0.0, 0.0, 0.0), (53.24, 80.09, 67.20)]
    np.testing.assert_allclose(lab, known, atol=0.02)


def test_white_has_luminance_one() -> None:
    assert luminance((1.0, 1.0, 1.0)) == pytest.approx(1.0)
