"""The studio: small portraits, really rendered."""

from __future__ import annotations

import hashlib
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass, replace
from importlib import metadata
from pathlib import Path
from typing import Any, NoReturn

import numpy as np
import pytest
from numpy.typing import NDArray

from chiso.adapters.studio import opening
from chiso.adapters.studio.opening import open_studio
from chiso.core.errors import ChisoError, Code
from chiso.volunteers.capture import Capture, capture_of
from chiso.volunteers.colour import ciede2000, lab_from_linear, luminance
from chiso.volunteers.complexion import Complexion, painted
from chiso.volunteers.develop import photograph, radiance
from chiso.volunteers.exposure import Exposure
from chiso.volunteers.figure import Figure
from chiso.volunteers.identity import Identity
from chiso.volunteers.monk import swatch
from chiso.volunteers.portraits import TONES

pytest.importorskip("mitsuba", reason="the packages that render are not installed")
stage = pytest.importorskip("chiso.adapters.studio.stage")
direct = pytest.importorskip("chiso.adapters.studio.direct")

SIZE_PX, SAMPLES = 96, 4
PERSON, CAPTURE = 11, 4
_REPOSITORY = Path(__file__).parent.parent.parent
_ELSEWHERE = """
import hashlib, sys
from chiso.adapters.studio.opening import open_studio
person, capture = map(int, sys.argv[1:])
for each in open_studio().portraits(person, capture, (9, 5), 64):
    print(each.tone, hashlib.sha256(each.jpeg).hexdigest())
"""


@dataclass(frozen=True)
class Sitting:
    """One person facing the camera, with what was traced of her."""

    identity: Identity
    capture: Capture
    figure: Figure
    exposure: Exposure
    complexion: Complexion

    def seen(self, tone: Any) -> NDArray[np.float64]:
        """Her, over black, at a tone."""
        return radiance(self.exposure, self.complexion, tone)


@pytest.fixture(scope="module")
def studio() -> Any:
    return open_studio()


@pytest.fixture(scope="module")
def sitting(studio: Any) -> Sitting:
    capture = replace(
        capture_of(CAPTURE), yaw_deg=0.0, pitch_deg=0.0, roll_deg=0.0, glasses="none", cap=False
    )
    identity = studio.identity(PERSON)
    figure = studio.figure(identity, capture)
    exposure = stage.expose(figure, capture, SIZE_PX, SAMPLES)
    return Sitting(identity, capture, figure, exposure, painted(identity, exposure))


def test_the_same_arguments_give_the_same_bytes_in_any_process(studio: Any) -> None:
    said = subprocess.run(
        [sys.executable, "-c", _ELSEWHERE, str(PERSON), str(CAPTURE)],
        cwd=_REPOSITORY,
        check=True,
        capture_output=True,
        text=True,
    ).stdout
    elsewhere: Mapping[str, str] = dict(line.split() for line in said.splitlines())
    # Of one tone alone, after someone else was rendered here, from a seed that is not hers.
    studio.portraits(PERSON + 1, CAPTURE, (1,), 64)
    (portrait,) = studio.portraits(PERSON, CAPTURE, (5,), 64)
    assert hashlib.sha256(portrait.jpeg).hexdigest() == elsewhere["5"]
    assert elsewhere["9"] != elsewhere["5"]
    assert (portrait.person, portrait.capture, portrait.tone) == (PERSON, CAPTURE, 5)


def test_a_tone_changes_the_skin_and_what_its_light_falls_on_alone(
    studio: Any, sitting: Sitting
) -> None:
    exposure = sitting.exposure
    sent = np.abs(exposure.linear) + np.abs(exposure.quadratic)
    unlit_by_skin = (sent == 0).all(axis=2) & (exposure.coverage == 0)
    light, dark = (sitting.seen(studio.tone(tone)) for tone in (1, 10))
    assert unlit_by_skin.mean() > 0.2
    assert np.array_equal(light[unlit_by_skin], dark[unlit_by_skin])
    skin = exposure.coverage > 0.9
    assert skin.mean() > 0.1
    assert (light[skin] > dark[skin]).mean() > 0.99


@pytest.mark.parametrize("noise", [0.0, 0.05], ids=["without noise", "with noise"])
def test_the_backdrop_is_the_same_at_every_tone(
    studio: Any, sitting: Sitting, noise: float
) -> None:
    camera = replace(sitting.capture.camera, noise=noise)
    capture = replace(sitting.capture, camera=camera)
    light, dark = (
        photograph(sitting.exposure, sitting.complexion, studio.tone(tone), capture)
        for tone in (1, 10)
    )
    behind = ~_widened(sitting.exposure.alpha > 0, by_px=4)
    assert behind.mean() > 0.1
    assert np.abs(light - dark)[behind].max() < 1 / 255


def test_a_cheek_is_as_light_beside_other_tones_as_its_swatch_is(
    studio: Any, sitting: Sitting
) -> None:
    cheek = _cheeks(sitting.exposure)
    assert cheek.sum() > 50
    seen = [luminance(sitting.seen(studio.tone(tone))[cheek]).mean() for tone in TONES]
    wanted = [float(luminance(swatch(tone))) for tone in TONES]
    assert np.argsort(seen).tolist() == np.argsort(wanted).tolist()
    assert (np.diff(seen[2:]) < 0).all()


def test_light_at_an_albedo_that_was_not_traced_is_predicted(sitting: Sitting) -> None:
    exposure, albedo = sitting.exposure, 0.55
    paint = np.full_like(sitting.figure.skin.points, albedo)
    (traced,) = stage.trace_painted(sitting.figure, sitting.capture, SIZE_PX, SAMPLES, [paint])
    predicted = exposure.fixed + albedo * exposure.linear + albedo**2 * exposure.quadratic
    assert np.array_equal(traced.dark[..., :3], exposure.fixed)
    skin = exposure.coverage > 0.5
    off = np.abs(predicted - traced.lit)[skin]
    assert off.mean() < 0.002 * traced.lit[skin].mean()
    # Light that met skin more than twice is left out; a few pixels live on it (inside the ear).
    assert np.quantile(off, 0.99) < 0.005


def test_a_relit_face_has_the_colours_of_one_traced_at_its_tone(
    studio: Any, sitting: Sitting
) -> None:
    tones = (1, 6, 10)
    exposures = direct.exposed_directly(
        studio, sitting.identity, sitting.capture, sitting.exposure, tones, direct.Rays(SAMPLES)
    )
    skin = sitting.exposure.coverage > 0.5
    for tone, exposure in zip(tones, exposures, strict=True):
        made = studio.tone(tone)
        traced = radiance(exposure, sitting.complexion, made)
        off = ciede2000(lab_from_linear(traced), lab_from_linear(sitting.seen(made)))[skin]
        assert off.mean() < 0.4, tone
        assert np.array_equal(exposure.fixed, sitting.exposure.fixed)


def test_other_rays_give_other_grain_and_the_same_face(studio: Any, sitting: Sitting) -> None:
    # The test above could not fail if it compared a portrait with itself.
    (other,) = direct.exposed_directly(
        studio, sitting.identity, sitting.capture, sitting.exposure, (6,),
        direct.Rays(SAMPLES, seed=1),
    )  # fmt: skip
    made = studio.tone(6)
    traced, relit = radiance(other, sitting.complexion, made), sitting.seen(made)
    skin = sitting.exposure.coverage > 0.9
    off = ciede2000(lab_from_linear(traced), lab_from_linear(relit))[skin]
    assert off.mean() > 1
    means = traced[skin].mean(axis=0), relit[skin].mean(axis=0)
    assert means[0] == pytest.approx(means[1], rel=0.05)


def test_landmarks_of_a_face_to_the_camera_lie_where_they_should(sitting: Sitting) -> None:
    landmarks = sitting.exposure.landmarks
    assert landmarks.shape == (5, 2)
    assert landmarks.dtype == np.float32
    assert (landmarks >= 0).all()
    assert (landmarks <= SIZE_PX - 1).all()
    left_eye, right_eye, nose, left_corner, right_corner = landmarks
    assert left_eye[0] < nose[0] < right_eye[0]
    assert left_corner[0] < nose[0] < right_corner[0]
    assert max(left_eye[1], right_eye[1]) < nose[1] < min(left_corner[1], right_corner[1])


def test_a_studio_opened_again_has_the_same_digest(studio: Any) -> None:
    assert open_studio().digest == studio.digest
    assert len(bytes.fromhex(studio.digest)) == 32


def test_another_albedo_is_another_digest(studio: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    albedos = dict(opening.shipped_albedos())
    albedos[5] = (albedos[5][0] + 0.001, *albedos[5][1:])
    monkeypatch.setattr(opening, "shipped_albedos", lambda: albedos)
    assert open_studio().digest != studio.digest


def test_without_the_renderer_the_studio_says_how_to_get_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(opening, "find_spec", lambda _name: None)
    with pytest.raises(ChisoError, match="mitsuba") as refused:
        open_studio()
    assert refused.value.code is Code.VOLUNTEERS_MISSING
    assert "make volunteers" in refused.value.hint


def test_without_the_head_the_studio_says_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    def absent(name: str) -> NoReturn:
        raise metadata.PackageNotFoundError(name)

    monkeypatch.setattr(metadata, "files", absent)
    with pytest.raises(ChisoError, match="anny") as refused:
        open_studio()
    assert refused.value.code is Code.VOLUNTEERS_MISSING


def _widened(mask: NDArray[np.bool_], by_px: int) -> NDArray[np.bool_]:
    """The mask and what is near it: a camera's blur reaches that far."""
    for _ in range(by_px):
        padded = np.pad(mask, 1)
        mask = mask | padded[:-2, 1:-1] | padded[2:, 1:-1] | padded[1:-1, :-2] | padded[1:-1, 2:]
    return mask


def _cheeks(exposure: Exposure) -> NDArray[np.bool_]:
    x, y, z = np.moveaxis(exposure.places(), -1, 0)
    here = (np.abs(x) > 0.28) & (np.abs(x) < 0.55) & (y > 6.78) & (y < 7.05) & (z > 0.9)
    return np.asarray(here & (exposure.coverage > 0.98) & (exposure.hair < 0.05))
