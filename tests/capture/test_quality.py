"""Quality is judged alike in any light and on any skin, and refusals tell what to do."""

from __future__ import annotations

import io
from collections.abc import Callable
from dataclasses import fields, replace
from functools import cache, partial
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFilter

from chiso.capture.align import align
from chiso.capture.decode import decode
from chiso.capture.detect import detect_faces
from chiso.capture.quality import FACE_MODEL_MM, Quality, measure, pose, refusal
from chiso.core.errors import Code, Kind
from chiso.core.ports import Detector
from chiso.core.samples import AlignmentGeometry, BiometricSample, Box, Face, Landmarks, Pixels
from chiso.core.settings import ENROLMENT_LIMITS, PROBE_LIMITS, DecodeLimits, QualityLimits

DLIB = AlignmentGeometry(
    150, ((47.4, 49.0), (101.7, 48.4), (73.1, 76.6), (51.3, 101.5), (96.1, 100.3))
)
ARCFACE = AlignmentGeometry(
    112, ((38.29, 51.7), (73.53, 51.5), (56.03, 71.74), (41.55, 92.37), (70.73, 92.2))
)
MONK = [
    *("f6ede4", "f3e7db", "f7ead0", "eadaba", "d7bd96"),
    *("a07e56", "825c43", "604134", "3a312a", "292420"),
]
"""Monk Skin Tone scale (Monk 2019), lightest first, sRGB."""
GAINS = (0.15, 0.2, 0.3, 0.45, 0.6, 0.8, 1.0, 1.2)
GAMMAS = (0.5, 0.7, 1.5, 2.0)

Floats = NDArray[np.float64]
Change = Callable[[Pixels], Pixels]


def to_linear(encoded: Floats) -> Floats:
    """Encoded sRGB in [0, 255] to linear light in [0, 1] (IEC 61966-2-1)."""
    share = encoded / 255
    return np.where(share <= 0.04045, share / 12.92, ((share + 0.055) / 1.055) ** 2.4)


def to_encoded(linear: Floats) -> Pixels:
    light = np.clip(linear, 0, 1)
    share = np.where(light <= 0.0031308, light * 12.92, 1.055 * light ** (1 / 2.4) - 0.055)
    return np.round(share * 255).astype(np.uint8)


def gained(pixels: Pixels, gain: float) -> Pixels:
    return np.clip(np.round(pixels * gain), 0, 255).astype(np.uint8)


def lit(pixels: Pixels, light: float) -> Pixels:
    return to_encoded(to_linear(pixels.astype(np.float64)) * light)


def bent(pixels: Pixels, gamma: float) -> Pixels:
    return np.round(255 * (pixels / 255) ** gamma).astype(np.uint8)


def retoned(pixels: Pixels, landmarks: Landmarks, swatch: str) -> Pixels:
    """Each channel scaled in linear light so that the cheeks' median falls on the swatch."""
    reach = max(1, int(np.hypot(*(landmarks[1] - landmarks[0])) * 0.08))
    centres = ((landmarks[:2] + landmarks[3:]) / 2).astype(int)
    cheeks = [pixels[y - reach : y + reach, x - reach : x + reach] for x, y in centres]
    median = np.median(np.concatenate([cheek.reshape(-1, 3) for cheek in cheeks]), axis=0)
    goal = to_linear(np.array(list(bytes.fromhex(swatch)), np.float64))
    return to_encoded(
        to_linear(pixels.astype(np.float64)) * goal / to_linear(np.maximum(median, 1))
    )


def scaled(landmarks: Landmarks, factor: float) -> Landmarks:
    """Landmarks of a photo shrunk by `factor`; pixels count from their centres."""
    return ((landmarks + 0.5) / factor - 0.5).astype(np.float32)


def blurred(pixels: Pixels, sigma_px: float) -> Pixels:
    return np.asarray(Image.fromarray(pixels).filter(ImageFilter.GaussianBlur(sigma_px)))


def shrunk(pixels: Pixels, factor: float) -> Pixels:
    size = (round(pixels.shape[1] / factor), round(pixels.shape[0] / factor))
    return np.asarray(Image.fromarray(pixels).resize(size, Image.Resampling.BOX))


def noisy(pixels: Pixels, sigma_levels: float) -> Pixels:
    noise = np.random.default_rng(0).normal(0, sigma_levels, pixels.shape)
    return np.clip(np.round(pixels + noise), 0, 255).astype(np.uint8)


def code(quality: Quality, limits: QualityLimits) -> Code | None:
    outcome = refusal(quality, limits)
    return None if outcome is None else outcome.code


# --- A drawn face ---------------------------------------------------------------------------------

SIDE_PX = 300
LANDMARKS = np.array([(105, 120), (195, 120), (150, 168), (112, 210), (188, 210)], np.float32)


@cache
def drawn_face(skin: str = "a07e56") -> Pixels:
    """Skin with pores, brows, eyes, nose and mouth, whose landmarks are `LANDMARKS`."""
    image = Image.new("RGB", (SIDE_PX, SIDE_PX), (120, 130, 140))
    draw = ImageDraw.Draw(image)
    red, green, blue = bytes.fromhex(skin)
    dark = (red // 4, green // 4, blue // 4)
    draw.ellipse((55, 30, 245, 280), fill=(red, green, blue))
    for x, y in LANDMARKS[:2].tolist():
        draw.line((x - 24, y - 22, x + 24, y - 24), fill=dark, width=7)
        draw.ellipse((x - 20, y - 9, x + 20, y + 9), fill=(red, min(255, green + 20), blue))
        draw.ellipse((x - 8, y - 8, x + 8, y + 8), fill=dark)
    draw.polygon([(150, 125), (132, 176), (168, 176)], fill=(red * 3 // 4, green * 3 // 4, blue))
    draw.ellipse((112, 198, 188, 222), fill=(red * 2 // 3, green // 2, blue // 2))
    pores = np.random.default_rng(1).normal(1, 0.06, (SIDE_PX // 3, SIDE_PX // 3, 1))
    pores = pores.repeat(3, axis=0).repeat(3, axis=1)
    return np.clip(np.asarray(image) * pores, 0, 255).astype(np.uint8)


def drawn_quality(
    change: Change = lambda pixels: pixels,
    landmarks: Landmarks = LANDMARKS,
    geometry: AlignmentGeometry = DLIB,
    skin: str = "a07e56",
) -> Quality:
    sample = BiometricSample(change(drawn_face(skin)))
    face = Face(Box(55, 30, 190, 250), landmarks, 1.0)
    return measure(align(sample, face, geometry), geometry)


def test_a_plain_drawn_face_passes() -> None:
    quality = drawn_quality()
    assert refusal(quality, ENROLMENT_LIMITS) is None
    assert quality.inter_eye_px == pytest.approx(90)
    assert quality.clipped_ratio == 0


@settings(max_examples=40, deadline=None)
@given(gain=st.floats(0.15, 1.2))
def test_gain_moves_neither_sharpness_nor_the_verdict(gain: float) -> None:
    plain, changed = drawn_quality(), drawn_quality(lambda pixels: gained(pixels, gain))
    assert changed.sharpness == pytest.approx(plain.sharpness, abs=0.02)
    assert changed.contrast_levels == pytest.approx(plain.contrast_levels * gain, rel=0.15)
    assert refusal(changed, ENROLMENT_LIMITS) is None


@pytest.mark.parametrize("skin", MONK)
@pytest.mark.parametrize("light", [1.0, 1 / 3, 0.15])
def test_a_drawn_face_of_every_skin_tone_passes_in_little_light(skin: str, light: float) -> None:
    quality = drawn_quality(lambda pixels: lit(pixels, light), skin=skin)
    assert refusal(quality, ENROLMENT_LIMITS) is None


def test_no_measure_falls_with_brightness_alone() -> None:
    darker = drawn_quality(lambda pixels: np.clip(pixels.astype(int) - 20, 0, 255).astype(np.uint8))
    brighter = drawn_quality()
    assert darker.contrast_levels == pytest.approx(brighter.contrast_levels, abs=2)
    assert darker.sharpness == pytest.approx(brighter.sharpness, abs=0.01)


def test_heavy_blur_is_refused_and_light_blur_is_not() -> None:
    assert code(drawn_quality(lambda p: blurred(p, 12)), PROBE_LIMITS) is Code.BLURRED
    assert refusal(drawn_quality(lambda p: blurred(p, 2)), PROBE_LIMITS) is None


def test_noise_does_not_hide_heavy_blur() -> None:
    quality = drawn_quality(lambda pixels: noisy(blurred(pixels, 14), 5))
    assert code(quality, PROBE_LIMITS) is Code.BLURRED


def test_the_more_blur_the_less_sharpness() -> None:
    sharpness = [drawn_quality(partial(blurred, sigma_px=s)).sharpness for s in (0, 2, 4, 6, 9, 13)]
    assert sharpness == sorted(sharpness, reverse=True)


def test_sharpness_is_the_same_at_every_resolution_and_chip() -> None:
    plain = drawn_quality().sharpness
    for factor in (2, 3, 5):
        small = drawn_quality(partial(shrunk, factor=factor), scaled(LANDMARKS, factor))
        assert small.sharpness == pytest.approx(plain, abs=0.1)
    assert drawn_quality(geometry=ARCFACE).sharpness == pytest.approx(plain, abs=0.05)


def test_a_face_covered_by_one_colour_has_too_little_contrast() -> None:
    quality = drawn_quality(lambda pixels: np.full_like(pixels, 90))
    assert quality.contrast_levels == 0
    assert quality.sharpness == 0
    assert code(quality, PROBE_LIMITS) is Code.LOW_CONTRAST


@pytest.mark.parametrize("level", [0, 255])
def test_a_face_that_is_all_white_or_all_black_is_clipped(level: int) -> None:
    quality = drawn_quality(lambda pixels: np.full_like(pixels, level))
    assert quality.clipped_ratio == 1
    assert code(quality, PROBE_LIMITS) is Code.CLIPPED


def test_one_channel_at_its_end_is_not_clipped() -> None:
    def saturate_red(pixels: Pixels) -> Pixels:
        changed = pixels.copy()
        changed[..., 0] = 255
        return changed

    assert drawn_quality(saturate_red).clipped_ratio == 0


def test_a_face_half_outside_the_photo_is_refused() -> None:
    half = drawn_quality(lambda pixels: pixels[:, 150:], LANDMARKS - np.array([150, 0], np.float32))
    assert half.clipped_ratio == pytest.approx(0.5, abs=0.05)
    assert code(half, PROBE_LIMITS) is Code.CLIPPED


def test_a_small_face_is_refused_as_small_not_as_blurred() -> None:
    quality = drawn_quality(lambda p: shrunk(p, 10), scaled(LANDMARKS, 10))
    assert code(quality, PROBE_LIMITS) is Code.FACE_TOO_SMALL


def test_a_face_of_a_few_pixels_is_still_measured() -> None:
    quality = drawn_quality(lambda p: shrunk(p, 60), scaled(LANDMARKS, 60))
    assert code(quality, PROBE_LIMITS) is Code.FACE_TOO_SMALL


def test_measuring_changes_neither_photo_nor_landmarks() -> None:
    pixels, landmarks = drawn_face().copy(), LANDMARKS.copy()
    drawn_quality()
    assert np.array_equal(pixels, drawn_face())
    assert np.array_equal(landmarks, LANDMARKS)


# --- Refusals -------------------------------------------------------------------------------------

GOOD = Quality(90.0, 0.5, 0.0, 80.0, 0.0, 0.0, 0.0)


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"inter_eye_px": 13.9}, Code.FACE_TOO_SMALL),
        ({"yaw_deg": 50.1}, Code.TURNED_AWAY),
        ({"yaw_deg": -50.1}, Code.TURNED_AWAY),
        ({"pitch_deg": 40.1}, Code.TURNED_AWAY),
        ({"pitch_deg": -40.1}, Code.TURNED_AWAY),
        ({"clipped_ratio": 0.41}, Code.CLIPPED),
        ({"contrast_levels": 2.9}, Code.LOW_CONTRAST),
        ({"sharpness": 0.19}, Code.BLURRED),
    ],
)
def test_each_refusal_has_its_code_and_says_what_to_do(
    change: dict[str, float], expected: Code
) -> None:
    outcome = refusal(replace(GOOD, **change), PROBE_LIMITS)
    assert outcome is not None
    assert outcome.code is expected
    assert outcome.code.kind is Kind.REFUSED_SAMPLE
    assert outcome.message.endswith(".")
    assert outcome.hint.endswith(".")


def test_a_value_at_its_limit_passes() -> None:
    limits = PROBE_LIMITS
    edge = Quality(
        inter_eye_px=limits.min_inter_eye_px,
        sharpness=limits.min_sharpness,
        clipped_ratio=limits.max_clipped_ratio,
        contrast_levels=limits.min_contrast_levels,
        yaw_deg=-limits.max_yaw_deg,
        pitch_deg=limits.max_pitch_deg,
        roll_deg=180.0,
    )
    assert refusal(edge, limits) is None


def test_whoever_may_enrol_may_be_compared() -> None:
    for field in fields(QualityLimits):
        sign = 1 if field.name.startswith("min") else -1
        enrolment, probe = getattr(ENROLMENT_LIMITS, field.name), getattr(PROBE_LIMITS, field.name)
        assert sign * enrolment >= sign * probe


# --- Pose -----------------------------------------------------------------------------------------


def rotation(yaw_deg: float, pitch_deg: float, roll_deg: float) -> Floats:
    (cy, cp, cr), (sy, sp, sr) = (
        f(np.radians([yaw_deg, pitch_deg, roll_deg])) for f in (np.cos, np.sin)
    )
    lean = np.array([(cr, -sr, 0), (sr, cr, 0), (0, 0, 1)])
    turn = np.array([(cy, 0, sy), (0, 1, 0), (-sy, 0, cy)])
    nod = np.array([(1, 0, 0), (0, cp, -sp), (0, sp, cp)])
    return np.asarray(lean @ turn @ nod)


angles = st.floats(-80, 80)


@given(
    yaw=angles,
    pitch=angles,
    roll=st.floats(-179, 179),
    scale=st.floats(0.1, 20),
    shift=st.tuples(st.floats(-2000, 2000), st.floats(-2000, 2000)),
)
def test_pose_returns_the_angles_of_a_projected_head(
    yaw: float, pitch: float, roll: float, scale: float, shift: tuple[float, float]
) -> None:
    seen = scale * FACE_MODEL_MM @ rotation(yaw, pitch, roll)[:2].T + shift
    assert pose(seen.astype(np.float32)) == pytest.approx((yaw, pitch, roll), abs=0.05)


@given(yaw=angles, pitch=angles, roll=angles, jitter=st.integers(0, 2**32 - 1))
def test_a_mirrored_face_is_turned_as_far_the_other_way(
    yaw: float, pitch: float, roll: float, jitter: int
) -> None:
    seen = FACE_MODEL_MM @ rotation(yaw, pitch, roll)[:2].T
    seen = seen + np.random.default_rng(jitter).normal(0, 1, seen.shape)
    mirrored = (seen * (-1, 1))[[1, 0, 2, 4, 3]]
    first, second = pose(seen.astype(np.float32)), pose(mirrored.astype(np.float32))
    assert second == pytest.approx((-first[0], first[1], -first[2]), abs=1e-3)


@given(width=st.floats(0.8, 1.25), height=st.floats(0.8, 1.25))
def test_a_wide_or_a_long_frontal_face_is_frontal(width: float, height: float) -> None:
    seen = (FACE_MODEL_MM[:, :2] * (width, height)).astype(np.float32)
    assert pose(seen) == pytest.approx((0, 0, 0), abs=1e-3)


def test_a_nose_that_points_to_the_images_right_and_up_is_yaw_and_pitch_above_zero() -> None:
    seen = FACE_MODEL_MM[:, :2].astype(np.float32)
    seen[2] += (10, -10)
    yaw, pitch, _ = pose(seen)
    assert yaw > 5
    assert pitch > 5


def test_landmarks_in_one_place_still_have_finite_angles() -> None:
    assert np.isfinite(pose(np.zeros((5, 2), np.float32))).all()


# --- Real photos ----------------------------------------------------------------------------------


Seen = tuple[Pixels, Landmarks, Quality]


def seen(detector: Detector, pixels: Pixels) -> tuple[Landmarks, Quality]:
    """The one face that the detector finds, measured; nothing is carried over from elsewhere."""
    sample = BiometricSample(np.ascontiguousarray(pixels))
    face, *_ = detect_faces(detector, sample)
    return face.landmarks, measure(align(sample, face, DLIB), DLIB)


@pytest.fixture(scope="module")
def photos(london: Path, detector: Detector) -> list[Seen]:
    found = []
    for path in sorted(london.glob("*.jpg")):
        sample = decode(path.read_bytes(), DecodeLimits())
        assert isinstance(sample, BiometricSample)
        found.append((sample.pixels, *seen(detector, sample.pixels)))
    return found


def every_sixth(photos: list[Seen]) -> list[Seen]:
    return photos[::6]


def test_every_london_photo_may_enrol_with_margin(photos: list[Seen]) -> None:
    strict = QualityLimits(
        min_inter_eye_px=60,
        min_sharpness=0.42,
        max_clipped_ratio=0.05,
        min_contrast_levels=40,
        max_yaw_deg=15,
        max_pitch_deg=15,
    )
    for _, _, quality in photos:
        assert refusal(quality, strict) is None


def test_london_faces_are_frontal_on_average(photos: list[Seen]) -> None:
    angles_deg = np.array([(q.yaw_deg, q.pitch_deg, q.roll_deg) for _, _, q in photos])
    assert np.abs(angles_deg.mean(axis=0)).max() < 2


@pytest.mark.parametrize("gain", GAINS)
def test_the_verdict_is_the_same_at_every_brightness(
    photos: list[Seen], detector: Detector, gain: float
) -> None:
    for pixels, _, plain in every_sixth(photos):
        _, changed = seen(detector, gained(pixels, gain))
        assert_same_verdict(changed, plain, sharpness=0.02)


@pytest.mark.parametrize("gamma", GAMMAS)
def test_the_verdict_is_the_same_at_every_gamma(
    photos: list[Seen], detector: Detector, gamma: float
) -> None:
    for pixels, _, plain in every_sixth(photos):
        _, changed = seen(detector, bent(pixels, gamma))
        assert_same_verdict(changed, plain, sharpness=0.08)


@pytest.mark.parametrize("swatch", MONK)
def test_the_verdict_is_the_same_on_every_skin_tone(
    photos: list[Seen], detector: Detector, swatch: str
) -> None:
    for pixels, landmarks, plain in every_sixth(photos):
        _, changed = seen(detector, retoned(pixels, landmarks, swatch))
        assert_same_verdict(changed, plain, sharpness=0.04)


def test_the_darkest_skin_in_a_seventh_of_the_light_may_enrol(
    photos: list[Seen], detector: Detector
) -> None:
    for pixels, landmarks, plain in every_sixth(photos):
        _, changed = seen(detector, lit(retoned(pixels, landmarks, MONK[-1]), 1 / 7))
        assert_same_verdict(changed, plain, sharpness=0.06)


def assert_same_verdict(changed: Quality, plain: Quality, *, sharpness: float) -> None:
    for limits in (PROBE_LIMITS, ENROLMENT_LIMITS):
        assert refusal(plain, limits) is None
        assert refusal(changed, limits) is None
    assert changed.sharpness == pytest.approx(plain.sharpness, abs=sharpness)
    assert changed.yaw_deg == pytest.approx(plain.yaw_deg, abs=6)
    assert changed.pitch_deg == pytest.approx(plain.pitch_deg, abs=6)
    assert changed.roll_deg == pytest.approx(plain.roll_deg, abs=4)


@pytest.mark.parametrize("swatch", [MONK[0], MONK[-1]])
def test_blur_is_refused_at_the_same_strength_on_the_lightest_and_the_darkest_skin(
    photos: list[Seen], detector: Detector, swatch: str
) -> None:
    for pixels, landmarks, _ in every_sixth(photos):
        toned = retoned(pixels, landmarks, swatch)
        eyes_px = float(np.hypot(*(landmarks[1] - landmarks[0])))
        _, moderate = seen(detector, blurred(toned, eyes_px * 0.04))
        _, heavy = seen(detector, blurred(toned, eyes_px * 0.14))
        assert code(moderate, PROBE_LIMITS) is None
        assert code(heavy, PROBE_LIMITS) is Code.BLURRED


def jpeg(pixels: Pixels, quality: int) -> Pixels:
    stream = io.BytesIO()
    Image.fromarray(pixels).save(stream, "JPEG", quality=quality)
    return np.asarray(Image.open(stream))


EVERYDAY: dict[str, Change] = {
    "blur": lambda pixels: blurred(pixels, 4),
    "down-sampling": lambda pixels: shrunk(pixels, 5),
    "noise": lambda pixels: noisy(pixels, 20),
    "jpeg": lambda pixels: jpeg(pixels, 30),
    "a third of the light": lambda pixels: lit(pixels, 1 / 3),
    "all at once": lambda pixels: jpeg(noisy(lit(shrunk(blurred(pixels, 2), 3), 1 / 3), 6), 30),
}


@pytest.mark.parametrize("kind", EVERYDAY)
def test_an_everyday_photo_is_good_enough_to_compare(
    photos: list[Seen], detector: Detector, kind: str
) -> None:
    for pixels, _, _ in every_sixth(photos):
        _, quality = seen(detector, EVERYDAY[kind](pixels))
        assert refusal(quality, PROBE_LIMITS) is None
