from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from chiso.volunteers.colour import Floats, ciede2000, lab_from_linear, luminance
from chiso.volunteers.monk import swatch
from chiso.volunteers.skin import (
    ALBEDO_MIN,
    Pigments,
    albedo_table,
    colour_of,
    pigments_for,
    reflectance,
    scatter_lengths_mm,
)
from chiso.volunteers.spectra import D65, OBSERVER, SRGB_WEIGHTS, WAVELENGTHS_NM, blood_per_mm

EXPOSURE = 1.4
TONES = range(1, 11)
MIDDLE = Pigments(melanin=0.05, eumelanin_share=0.8, blood=0.02, oxygenation=0.7, scattering=1.0)
A_BREATH_OF_LIGHT = 1e-9


def wanted(tone: int) -> Floats:
    return swatch(tone) / EXPOSURE


def middle_with(*, melanin: object = None, blood: object = None) -> Floats:
    return reflectance(
        np.asarray(MIDDLE.melanin if melanin is None else melanin, dtype=np.float64),
        MIDDLE.eumelanin_share,
        np.asarray(MIDDLE.blood if blood is None else blood, dtype=np.float64),
        MIDDLE.oxygenation,
        MIDDLE.scattering,
    )


def test_the_tables_see_daylight_as_white() -> None:
    white = D65 @ OBSERVER
    np.testing.assert_allclose(white / white[1], (0.9505, 1.0, 1.0888), atol=0.003)
    np.testing.assert_allclose(SRGB_WEIGHTS.sum(axis=0), 1.0)


def test_blood_shows_the_two_bands_of_oxygen() -> None:
    oxygenated = blood_per_mm(np.array(1.0))
    at = {int(nm): float(mu) for nm, mu in zip(WAVELENGTHS_NM, oxygenated, strict=True)}
    assert at[540] > at[560] < at[580] > 10 * at[600]


@given(st.floats(0.001, 0.3), st.floats(1.05, 3.0), st.floats(0.002, 0.06))
def test_more_melanin_is_darker(melanin: float, more: float, blood: float) -> None:
    light = luminance(middle_with(melanin=[melanin, melanin * more], blood=blood))
    assert light[1] < light[0] - A_BREATH_OF_LIGHT


@given(st.floats(0.001, 0.3), st.floats(1.05, 3.0), st.floats(0.002, 0.06))
def test_more_blood_is_darker(melanin: float, more: float, blood: float) -> None:
    light = luminance(middle_with(melanin=melanin, blood=[blood, blood * more]))
    assert light[1] < light[0] - A_BREATH_OF_LIGHT


def test_more_melanin_is_warmer_in_light_to_tan_skin() -> None:
    lab = lab_from_linear(middle_with(melanin=np.linspace(0.005, 0.06, 12)))
    assert np.all(np.diff(lab[:, 2]) > 0)


def test_more_blood_is_redder() -> None:
    lab = lab_from_linear(middle_with(melanin=0.02, blood=np.geomspace(0.002, 0.06, 12)))
    assert np.all(np.diff(lab[:, 1]) > 0)


def test_reflectance_broadcasts_and_stays_within_the_light_there_is() -> None:
    melanin = np.linspace(0.0, 2.0, 7)[:, None]
    colours = reflectance(melanin, 0.5, np.linspace(0.0, 2.0, 5), 0.7, 1.0)
    assert colours.shape == (7, 5, 3)
    assert np.all(np.isfinite(colours))
    assert np.all(colours < 1)


@pytest.mark.parametrize("tone", TONES)
def test_the_gain_closes_what_the_pigments_leave(tone: int) -> None:
    pigments, gain = pigments_for(wanted(tone))
    np.testing.assert_allclose(colour_of(pigments) * gain, wanted(tone), rtol=1e-9)
    assert np.all((gain > 0.7) & (gain < 1.4))


@pytest.mark.parametrize("tone", TONES)
def test_the_model_alone_comes_near_each_tone(tone: int) -> None:
    pigments, _ = pigments_for(wanted(tone))
    apart = ciede2000(lab_from_linear(colour_of(pigments)), lab_from_linear(wanted(tone)))
    assert apart < (4.5 if tone < 6 else 3.0)


@pytest.mark.parametrize("exposure", [1.2, 1.6])
@pytest.mark.parametrize("tone", TONES)
def test_other_exposures_are_answered_too(tone: int, exposure: float) -> None:
    pigments, gain = pigments_for(swatch(tone) / exposure)
    assert 0.004 <= pigments.melanin <= 0.75
    assert 0.003 - 1e-12 <= pigments.blood <= 0.06 + 1e-12
    assert np.all((gain > 0.5) & (gain < 2.0))


def test_the_pigments_of_a_colour_the_model_made_have_that_colour() -> None:
    pigments, gain = pigments_for(colour_of(MIDDLE))
    apart = ciede2000(lab_from_linear(colour_of(pigments)), lab_from_linear(colour_of(MIDDLE)))
    assert apart < 0.1
    np.testing.assert_allclose(gain, 1.0, atol=0.01)


def test_the_same_albedo_gives_the_same_pigments() -> None:
    first, first_gain = pigments_for(wanted(7))
    again, again_gain = pigments_for(wanted(7))
    assert first == again
    assert first_gain.tobytes() == again_gain.tobytes()


@pytest.mark.parametrize(
    "albedo", [(0.0, 0.5, 0.5), (0.5, 0.5, 1.0), (0.5, 0.5), (0.5, 0.5, np.nan)]
)
def test_an_albedo_that_no_skin_has_is_refused(albedo: tuple[float, ...]) -> None:
    with pytest.raises(ValueError, match="an albedo is three numbers"):
        pigments_for(albedo)


@pytest.mark.parametrize("tone", TONES)
def test_the_table_gives_exactly_the_wanted_albedo_at_the_base(tone: int) -> None:
    base = albedo_table(*pigments_for(wanted(tone))).albedo(1.0, 1.0)
    assert base.dtype == np.float32
    np.testing.assert_allclose(base, wanted(tone), rtol=1e-5)


@pytest.mark.parametrize("tone", [1, 4, 6, 8, 10])
def test_the_table_agrees_with_the_model(tone: int) -> None:
    pigments, gain = pigments_for(wanted(tone))
    melanin = np.geomspace(0.26, 6.0, 37)[:, None]
    blood = np.linspace(0.0, 8.0, 41)
    direct = gain * reflectance(
        pigments.melanin * melanin,
        pigments.eumelanin_share,
        pigments.blood * blood,
        pigments.oxygenation,
        pigments.scattering,
    )
    looked_up = albedo_table(pigments, gain).albedo(melanin, blood)
    assert looked_up.shape == (37, 41, 3)
    np.testing.assert_allclose(looked_up, np.maximum(direct, ALBEDO_MIN), rtol=0.02)


def test_the_table_answers_beyond_its_edges_with_its_edges() -> None:
    table = albedo_table(*pigments_for(wanted(5)))
    np.testing.assert_array_equal(table.albedo(0.0, -1.0), table.albedo(0.25, 0.0))
    np.testing.assert_array_equal(table.albedo(100.0, 100.0), table.albedo(6.5, 8.4))


def test_no_albedo_falls_to_black() -> None:
    table = albedo_table(*pigments_for(wanted(10)))
    assert table.albedo(6.0, 8.0).min() >= np.float32(ALBEDO_MIN)


def test_red_light_goes_farthest_and_blue_least() -> None:
    for tone in TONES:
        red, green, blue = scatter_lengths_mm(pigments_for(wanted(tone))[0])
        assert red > green > blue > 0


def test_light_goes_some_tenths_of_a_millimetre_to_some_millimetres_in_usual_skin() -> None:
    lengths = scatter_lengths_mm(MIDDLE)
    assert 0.5 < lengths[0] < 3
    assert np.all((lengths > 0.1) & (lengths < 3))


def test_melanin_and_blood_shorten_the_way_of_light() -> None:
    base = scatter_lengths_mm(MIDDLE)
    darker = scatter_lengths_mm(Pigments(0.3, 0.8, 0.02, 0.7, 1.0))
    redder = scatter_lengths_mm(Pigments(0.05, 0.8, 0.06, 0.7, 1.0))
    assert np.all(darker < base)
    assert np.all(redder < base)
