"""Measures what a face's picture is worth, and says in plain words what to do where it is not."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from chiso.core.errors import Code
from chiso.core.samples import AlignedFace, AlignmentGeometry, Landmarks, Pixels, Refusal
from chiso.core.settings import QualityLimits

Plane = NDArray[np.float64]
"""One value a pixel: shape (height, width), float64."""


@dataclass(frozen=True, slots=True)
class Quality:
    """Measures of one face. None of them grows or falls with brightness or skin tone as such."""

    inter_eye_px: float
    """Distance between the eye centres in pixels of the sample, 0 upwards."""
    sharpness: float
    """Share of the face's mid-scale gradient energy that is fine, in [0, 1]; see `_sharpness`."""
    clipped_ratio: float
    """Share of the face, in [0, 1], that is pure white, pure black or outside the photo."""
    contrast_levels: float
    """From the 5th to the 95th percentile of the face's luma, in 8-bit levels, [0, 255]."""
    yaw_deg: float
    """(-90, 90); 0 is frontal, above 0 the face looks to the image's right."""
    pitch_deg: float
    """(-180, 180]; 0 is frontal, above 0 the face looks up."""
    roll_deg: float
    """(-180, 180]; 0 is upright, above 0 the head leans clockwise in the image."""


def measure(aligned: AlignedFace, geometry: AlignmentGeometry) -> Quality:
    """Quality of a face whose landmarks are in the sample's frame, aligned to `geometry`.

    Light is judged inside an oval that eyes and mouth span, so hair, clothes and backdrop say
    nothing. The mean brightness of a face is never computed: a dark face, or a face in little
    light, is as good as its contrast.
    """
    inter_eye_px = _distance(aligned.face.landmarks)
    face = _face_luma(aligned.chip, geometry, inter_eye_px)
    yaw_deg, pitch_deg, roll_deg = pose(aligned.face.landmarks)
    return Quality(
        inter_eye_px=inter_eye_px,
        sharpness=_sharpness(face),
        clipped_ratio=_clipped_ratio(aligned.chip, geometry),
        contrast_levels=_contrast_levels(face),
        yaw_deg=yaw_deg,
        pitch_deg=pitch_deg,
        roll_deg=roll_deg,
    )


def refusal(quality: Quality, limits: QualityLimits) -> Refusal | None:
    """The first thing that the person in front of the camera should change; None where all is well.

    A value at its limit passes.
    """
    if quality.inter_eye_px < limits.min_inter_eye_px:
        return Refusal(
            Code.FACE_TOO_SMALL,
            f"The face is too small in the photo: its eyes are {quality.inter_eye_px:.0f} pixels "
            f"apart, and {limits.min_inter_eye_px:.0f} are needed.",
            "Come closer to the camera, or use the photo in its original size.",
        )
    if abs(quality.yaw_deg) > limits.max_yaw_deg or abs(quality.pitch_deg) > limits.max_pitch_deg:
        return Refusal(
            Code.TURNED_AWAY,
            "The face is turned too far away from the camera.",
            "Look straight into the camera, with the camera at the height of your eyes.",
        )
    if quality.clipped_ratio > limits.max_clipped_ratio:
        return Refusal(
            Code.CLIPPED,
            f"{quality.clipped_ratio:.0%} of the face is pure white, pure black or outside the "
            "photo.",
            "Keep the whole face in the picture, and move out of glare and hard shadow.",
        )
    if quality.contrast_levels < limits.min_contrast_levels:
        return Refusal(
            Code.LOW_CONTRAST,
            "The camera caught almost no difference between the parts of the face.",
            "Face a window or a lamp, wipe the lens, and let nothing stand before your face.",
        )
    if quality.sharpness < limits.min_sharpness:
        return Refusal(
            Code.BLURRED,
            "The face is blurred.",
            "Hold still, wipe the lens, wait until the camera has focused, and take it again.",
        )
    return None


# --- Where the face is ----------------------------------------------------------------------------

_HALF_WIDTH, _ABOVE_EYES, _BELOW_MOUTH = 0.9, 0.5, 0.3
"""The face's oval, in inter-eye distances: a face is some 2.1 wide at the cheekbones, so hair and
backdrop stay outside it; brows and lower lip are inside."""


def _distance(landmarks: Landmarks) -> float:
    return float(np.hypot(*(landmarks[1].astype(np.float64) - landmarks[0])))


def _oval_box(geometry: AlignmentGeometry) -> tuple[float, float, float, float]:
    """Left, top, right, bottom of the face's oval in the chip, in pixel centres."""
    points = np.array(geometry.points)
    eyes, mouth = points[:2].mean(axis=0), points[3:].mean(axis=0)
    apart = float(np.hypot(*(points[1] - points[0])))
    return (
        float(eyes[0] - _HALF_WIDTH * apart),
        float(eyes[1] - _ABOVE_EYES * apart),
        float(eyes[0] + _HALF_WIDTH * apart),
        float(mouth[1] + _BELOW_MOUTH * apart),
    )


def _oval(height: int, width: int) -> NDArray[np.bool_]:
    """The ellipse that touches the sides of a rectangle."""
    rows, columns = np.mgrid[:height, :width] + 0.5
    across, down = 2 * columns / width - 1, 2 * rows / height - 1
    return np.asarray(across**2 + down**2 <= 1)


# --- Light ----------------------------------------------------------------------------------------

_WHITE_LEVEL, _BLACK_LEVEL = 254, 1
_LUMA = np.array([0.2126, 0.7152, 0.0722])
"""ITU-R BT.709-6, item 3.2, applied to encoded values."""


def _clipped_ratio(chip: Pixels, geometry: AlignmentGeometry) -> float:
    """Share of the oval where all three channels are at the same end of their range.

    One channel alone at its end leaves the shape in the others, and is common on light skin (red)
    and on dark skin (blue): it is no loss. `align` fills what lies outside the photo with black.
    """
    left, top, right, bottom = (round(edge) for edge in _oval_box(geometry))
    face = chip[max(0, top) : bottom + 1, max(0, left) : right + 1]
    darkest, brightest = face.min(axis=2), face.max(axis=2)
    lost = (darkest >= _WHITE_LEVEL) | (brightest <= _BLACK_LEVEL)
    return float(lost[_oval(*lost.shape)].mean())


def _contrast_levels(face: Plane) -> float:
    low, high = np.percentile(face[_oval(*face.shape)], (5, 95))
    return float(high - low)


# --- Sharpness ------------------------------------------------------------------------------------

_GRID_INTER_EYE_PX, _LEAST_GRID_INTER_EYE_PX = 20.0, 8.0
"""Sharpness and contrast are read at this scale: finer detail is mostly sensor noise, and the
descriptors do without it. A smaller face is read at its own scale, for enlarging would blur it."""


def _face_luma(chip: Pixels, geometry: AlignmentGeometry, inter_eye_px: float) -> Plane:
    """Luma of the oval's rectangle, in levels, at the scale at which it is judged."""
    points = np.array(geometry.points)
    grid_px = min(_GRID_INTER_EYE_PX, max(_LEAST_GRID_INTER_EYE_PX, inter_eye_px))
    scale = grid_px / float(np.hypot(*(points[1] - points[0])))
    left, top, right, bottom = (edge + 0.5 for edge in _oval_box(geometry))
    box = (
        max(0.0, left),
        max(0.0, top),
        min(geometry.size_px, right),
        min(geometry.size_px, bottom),
    )
    size = (round((box[2] - box[0]) * scale), round((box[3] - box[1]) * scale))
    luma = Image.fromarray((chip @ _LUMA).astype(np.float32))
    return np.asarray(luma.resize(size, Image.Resampling.BICUBIC, box=box), np.float64)


def _sharpness(face: Plane) -> float:
    """How much gradient energy goes when the face is blurred again: 1 - E(blurred) / E.

    The re-blur idea is of Crété et al. (2007), "The blur effect: perception and estimation with a
    new no-reference perceptual blur metric". Here energy is the sum of squared differences of
    neighbours in the oval, the blur is two passes of (1, 2, 1) / 4 both ways, and the face is
    smoothed by one such pass beforehand, so that noise does not pass for detail. A ratio of
    energies: the same at any gain. 0 for a face without structure.
    """
    smoothed = _smoothed(face)
    energy = _gradient_energy(smoothed)
    if not energy > 0:
        return 0.0
    return max(0.0, 1 - _gradient_energy(_smoothed(_smoothed(smoothed))) / energy)


def _smoothed(plane: Plane) -> Plane:
    padded = np.pad(plane, 1, mode="edge")
    rows = (padded[:-2] + 2 * padded[1:-1] + padded[2:]) / 4
    return np.asarray((rows[:, :-2] + 2 * rows[:, 1:-1] + rows[:, 2:]) / 4)


def _gradient_energy(plane: Plane) -> float:
    inside = _oval(*plane.shape)
    across = np.diff(plane, axis=1)[inside[:, 1:] & inside[:, :-1]]
    down = np.diff(plane, axis=0)[inside[1:] & inside[:-1]]
    return float(across @ across + down @ down)


# --- Pose -----------------------------------------------------------------------------------------

FACE_MODEL_MM = np.array(
    [
        (-31.5, 0.0, 0.0),
        (31.5, 0.0, 0.0),
        (0.0, 36.5, 33.0),
        (-27.0, 64.0, 0.0),
        (27.0, 64.0, 0.0),
    ]
)
"""The five landmarks of a frontal face: (x to the image's right, y down, z to the camera), in mm.

Eyes are 63 mm apart (Dodgson 2004, "Variation and extrema of human interpupillary distance"). x and
y of the others are what CenterFace and YuNet find on the frontal London photos, in that scale,
averaged with their mirror image. No photo shows depth: the nose's 33 mm lie between the 27 mm of
the six-point head of many pose tutorials and the 39 mm of MediaPipe's canonical face; in both, the
mouth's corners are within 3 mm of the eyes' plane. Either end would change an angle of 40° by 6°.
"""


def pose(landmarks: Landmarks) -> tuple[float, float, float]:
    """Yaw, pitch and roll in degrees of a face seen in weak perspective.

    The least-squares affine projection of `FACE_MODEL_MM` onto the landmarks, (2, 3), is the scaled
    first two rows of a rotation (DeMenthon & Davis 1995, "Model-based object pose in 25 lines of
    code"); its polar factor is the nearest such rows, and leaves a person's own proportions out.
    The head nods, then turns, then leans: R = roll · yaw · pitch.
    """
    model = FACE_MODEL_MM - FACE_MODEL_MM.mean(axis=0)
    points = landmarks.astype(np.float64)
    projection, *_ = np.linalg.lstsq(model, points - points.mean(axis=0), rcond=None)
    left, _, right = np.linalg.svd(projection.T, full_matrices=False)
    to_right, to_bottom = left @ right
    to_camera = np.cross(to_right, to_bottom)
    yaw = np.arcsin(np.clip(-to_camera[0], -1, 1))
    pitch = np.arctan2(to_camera[1], to_camera[2])
    roll = np.arctan2(to_bottom[0], to_right[0])
    return float(np.degrees(yaw)), float(np.degrees(pitch)), float(np.degrees(roll))
