"""Everyday degradation: what a cheap camera, a far face and little light do to a posed photo.

A posed photo flatters a recogniser. These steps, in the order in which they happen between a face
and a file, make one into the kind that arrives at a door: the head turned a little, something in
front of the face, a far or blurred face, little light, the sensor's noise, the file's compression.
Everything is drawn from a seed, and nothing looks at who is pictured.
"""

from __future__ import annotations

import io
from dataclasses import dataclass
from math import cos, exp, log, radians, sin

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageFilter

Pixels = NDArray[np.uint8]
Range = tuple[float, float]

_WELL_ELECTRONS = 1000.0  # of a phone's small pixels, at a gain for indoor light
_READ_NOISE_ELECTRONS = 5.0


@dataclass(frozen=True, slots=True)
class Severity:
    """What a degradation is drawn from; ranges are (least, most).

    `inter_eye_px`: distance between the eyes after down-sampling, drawn log-uniformly; a photo is
    never enlarged. 60 px and more are asked of a passport photo (ISO/IEC 19794-5); webcams, kiosks
    and doors give less (the webcam and kiosk photos of NIST FRVT part 2, NISTIR 8271).
    `light`: share of the light of a well exposed photo, drawn log-uniformly. The noise follows from
    it: photons are counted, and a read-out adds its own (Foi et al. 2008, "Practical
    Poissonian-Gaussian noise modeling"). `lift`: how much of the missing light the camera's gain
    gives back, from none (0) to all (1), its noise included.
    `blur_ratio`: standard deviation of a Gaussian blur by inter-eye distance; defocus and motion
    in one. `jpeg_quality`: libjpeg's. Both kinds, and the idea of severities, are those of
    Hendrycks & Dietterich 2019, "Benchmarking neural network robustness".
    `yaw_deg`, `pitch_deg`, `roll_deg`: standard deviations of a turn of the picture as if it were
    flat. It moves landmarks as a turned head does and hides nothing: less than what pose does.
    `occluded`: how often something (a mask, hair, a hand) covers a part of the face; of masks,
    NISTIR 8311.
    """

    inter_eye_px: Range
    light: Range
    lift: Range
    blur_ratio: Range
    jpeg_quality: tuple[int, int]
    yaw_deg: float
    pitch_deg: float
    roll_deg: float
    occluded: float


MILD = Severity(
    inter_eye_px=(40.0, 80.0),
    light=(0.5, 1.0),
    lift=(0.0, 1.0),
    blur_ratio=(0.0, 0.03),
    jpeg_quality=(60, 90),
    yaw_deg=5.0,
    pitch_deg=3.0,
    roll_deg=3.0,
    occluded=0.0,
)
EVERYDAY = Severity(
    inter_eye_px=(18.0, 40.0),
    light=(0.08, 0.8),
    lift=(0.0, 1.0),
    blur_ratio=(0.0, 0.06),
    jpeg_quality=(30, 80),
    yaw_deg=10.0,
    pitch_deg=6.0,
    roll_deg=6.0,
    occluded=0.1,
)


def everyday_photo(
    pixels: Pixels, eyes: NDArray[np.float64], severity: Severity, seed: tuple[int, ...]
) -> bytes:
    """A JPEG file of the same picture, degraded. The same arguments give the same pixels.

    `pixels`: (height, width, 3), uint8, RGB; left unchanged. `eyes`: shape (2, 2), the eye centres
    as (x, y) in pixels, the one on the image's left first. Raises ValueError where they coincide.
    """
    inter_eye_px = float(np.hypot(*(eyes[1] - eyes[0])))
    if not inter_eye_px > 0:
        raise ValueError("the two eyes of a face lie in one place")
    chance = np.random.default_rng(seed)
    wanted_px = _log_uniform(chance, severity.inter_eye_px)
    image = _turned(Image.fromarray(pixels), eyes, severity, chance)
    image = _occluded(image, eyes, inter_eye_px, severity.occluded, chance)
    scale = min(1.0, wanted_px / inter_eye_px)
    size = (max(1, round(image.width * scale)), max(1, round(image.height * scale)))
    image = image.resize(size, Image.Resampling.LANCZOS)
    blur_px = chance.uniform(*severity.blur_ratio) * inter_eye_px * scale
    image = image.filter(ImageFilter.GaussianBlur(blur_px))
    light, lift = _log_uniform(chance, severity.light), chance.uniform(*severity.lift)
    image = Image.fromarray(_exposed(np.asarray(image), light, lift, chance))
    least, most = severity.jpeg_quality
    file = io.BytesIO()
    image.save(file, "JPEG", quality=int(chance.integers(least, most + 1)))
    return file.getvalue()


def _log_uniform(chance: np.random.Generator, between: Range) -> float:
    least, most = between
    return exp(chance.uniform(log(least), log(most)))


def _turned(
    image: Image.Image,
    eyes: NDArray[np.float64],
    severity: Severity,
    chance: np.random.Generator,
) -> Image.Image:
    """The picture turned about the middle of the face, foreshortened as a flat one is."""
    yaw, pitch, roll = (
        radians(chance.normal(0.0, each))
        for each in (severity.yaw_deg, severity.pitch_deg, severity.roll_deg)
    )
    narrowed = np.diag([cos(yaw), cos(pitch)])
    narrowed[0, 1] = sin(yaw) * sin(pitch)
    rolled = np.array([[cos(roll), -sin(roll)], [sin(roll), cos(roll)]])
    back = np.linalg.inv(rolled @ narrowed)
    centre = eyes.mean(axis=0)
    shift = centre - back @ centre
    coefficients = (*back[0], shift[0], *back[1], shift[1])
    return image.transform(
        image.size, Image.Transform.AFFINE, coefficients, Image.Resampling.BICUBIC
    )


def _occluded(
    image: Image.Image,
    eyes: NDArray[np.float64],
    inter_eye_px: float,
    how_often: float,
    chance: np.random.Generator,
) -> Image.Image:
    """Sometimes, a plain patch of any colour over the mouth, a side or the forehead."""
    is_covered, place = chance.random() < how_often, int(chance.integers(0, 3))
    side, share = float(chance.choice([-1.0, 1.0])), float(chance.uniform(0.5, 1.0))
    colour = tuple(int(each) for each in chance.integers(20, 236, 3))
    if not is_covered:
        return image
    outer, inner = side * 1.4, side * (1.2 - 0.7 * share)
    left, top, right, bottom = (  # from between the eyes, in inter-eye distances
        (-1.2, 1.6 - 0.7 * share, 1.2, 2.2),
        (min(outer, inner), -1.0, max(outer, inner), 2.0),
        (-1.4, -1.4, 1.4, -0.9 + 0.5 * share),
    )[place]
    x, y = eyes.mean(axis=0)
    corners = (
        round(x + left * inter_eye_px),
        round(y + top * inter_eye_px),
        round(x + right * inter_eye_px),
        round(y + bottom * inter_eye_px),
    )
    covered = image.copy()
    covered.paste(colour, corners)
    return covered


def _exposed(pixels: Pixels, light: float, lift: float, chance: np.random.Generator) -> Pixels:
    """The picture taken in this share of the light, 8 bits a channel."""
    encoded = pixels / 255.0
    linear = np.where(encoded <= 0.04045, encoded / 12.92, ((encoded + 0.055) / 1.055) ** 2.4)
    electrons = chance.poisson(linear * light * _WELL_ELECTRONS).astype(np.float64)
    electrons += chance.normal(0.0, _READ_NOISE_ELECTRONS, electrons.shape)
    gain = (1.0 / light) ** lift
    seen = np.clip(electrons * gain / _WELL_ELECTRONS, 0.0, 1.0)
    again = np.where(seen <= 0.0031308, 12.92 * seen, 1.055 * seen ** (1 / 2.4) - 0.055)
    photo: Pixels = np.round(again * 255.0).astype(np.uint8)
    return photo
