"""Finds every size of face in a photo of any size, with as few and as small passes as will do."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import ceil, log

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from chiso.capture.suppress import Boxes, covered, overlaps, suppress
from chiso.core.ports import Detector
from chiso.core.samples import BiometricSample, Box, Face, Pixels

# Long side of the first pass: an ordinary portrait's face is then 60 to 160 px wide.
FIRST_PASS_PX = 224
# Each later pass is at most so much larger: a face that one missed (below 16 px wide) is small in
# the next (below 48 px), so that the overlap of its tiles holds it.
_GROWTH_MAX = 3.0
# The last pass shows a face of 40 px at 24 px, the narrowest that detectors never missed.
_FINEST_SCALE = 0.6

# Narrower than this in its pass, a face says that narrower ones may have been missed.
_COMFORTABLE_PX = 40
# Detectors place landmarks best on faces 64 to 96 px wide; outside the range, look again there.
_PRECISE_PX = 80
_PRECISE_RANGE_PX = (48, 160)
_PRECISE_REGION_FACES = 2.4

_TILE_PX = 1024
_TILE_OVERLAP_PX = 128

_SAME_FACE_OVERLAP = 0.3
_SAME_FACE_SHARE = 0.5


@dataclass(frozen=True, slots=True)
class _Region:
    """A rectangle of whole pixels of the sample."""

    left: int
    top: int
    right: int
    bottom: int


def detect_faces(
    detector: Detector, sample: BiometricSample, *, every_face: bool = False
) -> tuple[Face, ...]:
    """Faces in the sample's frame, surest first; none is an empty tuple.

    Passes grow until one has found faces that are all comfortably large, or the last one has shown
    faces of 40 px. A photo of someone near says nothing about who is far behind: with `every_face`
    all passes run.
    """
    found: list[Face] = []
    for scale in _scales(max(sample.width_px, sample.height_px)):
        fresh = _one_pass(detector, sample, scale)
        unseen = ~covered(_boxes(fresh), _boxes(found), _SAME_FACE_SHARE)
        fresh = [face for face, is_unseen in zip(fresh, unseen, strict=True) if is_unseen]
        found += [_precise(detector, sample, face, scale) for face in fresh]
        narrowest_px = min((face.box.width * scale for face in found), default=0)
        if narrowest_px >= _COMFORTABLE_PX and not every_face:
            break
    return tuple(_distinct(found))


def _scales(long_side_px: int) -> list[float]:
    """Pass pixels per sample pixel, from the first pass to the last, evenly spread."""
    first = min(1.0, FIRST_PASS_PX / long_side_px)
    steps = max(0, ceil(log(_FINEST_SCALE / first) / log(_GROWTH_MAX)))
    return [first * (_FINEST_SCALE / first) ** (step / max(1, steps)) for step in range(steps + 1)]


def _one_pass(detector: Detector, sample: BiometricSample, scale: float) -> list[Face]:
    """Faces that the detector sees when the sample is shown at `scale`, tile by tile."""
    faces = [
        face
        for tile in _tiles(sample, scale)
        for face in _look(detector, sample, tile, scale)
        if not _is_cut(face, tile, sample)
    ]
    return _distinct(faces)


def _tiles(sample: BiometricSample, scale: float) -> Iterator[_Region]:
    size_px = round(_TILE_PX / scale)
    overlap_px = round(_TILE_OVERLAP_PX / scale)
    for top, bottom in _spans(sample.height_px, size_px, overlap_px):
        for left, right in _spans(sample.width_px, size_px, overlap_px):
            yield _Region(left, top, right, bottom)


def _spans(length_px: int, size_px: int, overlap_px: int) -> list[tuple[int, int]]:
    """Equal spans of at most `size_px` that cover a length and overlap by at least so much."""
    count = max(1, -(-(length_px - overlap_px) // (size_px - overlap_px)))
    span_px = min(length_px, -(-(length_px + (count - 1) * overlap_px) // count))
    starts = np.linspace(0, length_px - span_px, count).astype(int)
    return [(int(start), int(start) + span_px) for start in starts]


def _look(detector: Detector, sample: BiometricSample, region: _Region, scale: float) -> list[Face]:
    """Faces in one region shown at `scale`, in the sample's frame."""
    pixels = sample.pixels[region.top : region.bottom, region.left : region.right]
    shown = _resized(pixels, scale)
    ratio = np.array(pixels.shape[1::-1]) / shown.shape[1::-1]
    origin = np.array([region.left, region.top])
    return [_moved(face, ratio, origin) for face in detector.detect(shown)]


def _resized(pixels: Pixels, scale: float) -> Pixels:
    height_px, width_px = (max(1, round(side * scale)) for side in pixels.shape[:2])
    if (height_px, width_px) == pixels.shape[:2]:
        return pixels
    image = Image.fromarray(np.ascontiguousarray(pixels))
    return np.asarray(
        image.resize((width_px, height_px), Image.Resampling.BILINEAR, reducing_gap=2.0)
    )


def _moved(face: Face, ratio: NDArray[np.float64], origin: NDArray[np.int64]) -> Face:
    """A face from a shown frame to the sample's; landmarks count from pixel centres."""
    x, y = np.array([face.box.x, face.box.y]) * ratio + origin
    width, height = np.array([face.box.width, face.box.height]) * ratio
    landmarks = (face.landmarks + 0.5) * ratio - 0.5 + origin
    return Face(
        box=Box(float(x), float(y), float(width), float(height)),
        landmarks=landmarks.astype(np.float32),
        confidence=face.confidence,
    )


def _is_cut(face: Face, tile: _Region, sample: BiometricSample) -> bool:
    """Whether an inner edge of the tile runs through the face; another tile has it whole."""
    box = face.box
    return (
        (tile.left > 0 and box.x < tile.left)
        or (tile.top > 0 and box.y < tile.top)
        or (tile.right < sample.width_px and box.x + box.width > tile.right)
        or (tile.bottom < sample.height_px and box.y + box.height > tile.bottom)
    )


def _precise(detector: Detector, sample: BiometricSample, face: Face, scale: float) -> Face:
    """The same face, seen again at the size at which detectors place landmarks best."""
    least_px, most_px = _PRECISE_RANGE_PX
    if least_px <= face.box.width * scale <= most_px:
        return face
    box = face.box
    reach_px = max(box.width, box.height) * _PRECISE_REGION_FACES / 2
    centre_x, centre_y = box.x + box.width / 2, box.y + box.height / 2
    region = _Region(
        left=max(0, int(centre_x - reach_px)),
        top=max(0, int(centre_y - reach_px)),
        right=min(sample.width_px, int(centre_x + reach_px) + 1),
        bottom=min(sample.height_px, int(centre_y + reach_px) + 1),
    )
    again = _look(detector, sample, region, _PRECISE_PX / box.width)
    if not again:
        return face
    alike = overlaps(_boxes([face]), _boxes(again))[0]
    best = int(alike.argmax())
    return again[best] if alike[best] > _SAME_FACE_OVERLAP else face


def _distinct(faces: Sequence[Face]) -> list[Face]:
    confidences = np.array([face.confidence for face in faces])
    return [faces[index] for index in suppress(_boxes(faces), confidences, _SAME_FACE_OVERLAP)]


def _boxes(faces: Sequence[Face]) -> Boxes:
    boxes = [(face.box.x, face.box.y, face.box.width, face.box.height) for face in faces]
    return np.array(boxes, np.float64).reshape(-1, 4)
