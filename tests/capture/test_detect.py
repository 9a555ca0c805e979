import csv
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from PIL import Image

from chiso.capture.align import align
from chiso.capture.detect import FIRST_PASS_PX, _spans, detect_faces
from chiso.capture.suppress import covered, overlaps, suppress
from chiso.core.ports import Detector, Embedder
from chiso.core.samples import BiometricSample, Face, Pixels
from chiso.volunteers.backdrop import backdrop
from chiso.volunteers.capture import capture_of
from chiso.volunteers.colour import srgb_from_linear
from chiso.volunteers.portraits import derived_seed

_FACE_SHARE = 1 / 3
"""Of a London photo's width, the part that is face."""


class Recorder:
    """A detector that notes the sizes it was shown."""

    name = "recorder"

    def __init__(self, detector: Detector | None) -> None:
        self._detector = detector
        self.shown: list[tuple[int, int]] = []

    def detect(self, pixels: Pixels) -> tuple[Face, ...]:
        self.shown.append((pixels.shape[1], pixels.shape[0]))
        return self._detector.detect(pixels) if self._detector else ()


@pytest.fixture(scope="module")
def portraits(london: Path) -> dict[str, NDArray[np.uint8]]:
    files = sorted(london.glob("*.jpg"))
    return {file.stem: np.asarray(Image.open(file).convert("RGB")) for file in files}


def test_every_portrait_has_one_face_after_one_small_pass(
    detector: Detector, portraits: dict[str, NDArray[np.uint8]]
) -> None:
    for name, pixels in portraits.items():
        recorder = Recorder(detector)
        assert len(detect_faces(recorder, BiometricSample(pixels))) == 1, name
        assert recorder.shown == [(FIRST_PASS_PX, FIRST_PASS_PX)], name


def test_the_same_person_is_always_more_alike_than_any_two_people(
    detector: Detector, embedder: Embedder, london: Path, portraits: dict[str, NDArray[np.uint8]]
) -> None:
    with (london / "people.csv").open() as stream:
        subjects = [row["subject"] for row in csv.DictReader(stream)]
    vectors = []
    for smile in ("neutral", "smiling"):
        chips = []
        for subject in subjects:
            sample = BiometricSample(portraits[f"{subject}_{smile}"])
            chips.append(align(sample, detect_faces(detector, sample)[0], embedder.geometry).chip)
        vectors.append(np.stack([template.vector for template in embedder.embed(chips)]))
    everyone = np.concatenate(vectors)
    scores = everyone @ everyone.T
    owners = np.tile(np.arange(len(subjects)), 2)
    mated = owners[:, None] == owners
    lowest_mated = scores[mated & ~np.eye(len(owners), dtype=bool)].min()
    highest_nonmated = scores[~mated].max()
    assert lowest_mated > highest_nonmated + 0.02


def test_faces_of_40_px_are_found_in_a_wide_scene(
    detector: Detector, portraits: dict[str, NDArray[np.uint8]]
) -> None:
    for seed, name in enumerate(list(portraits)[::12]):
        scene = _scene(1080, 1920, seed)
        x, y = _paste(scene, portraits[name], face_px=40, seed=seed)

        faces = detect_faces(detector, BiometricSample(scene))

        assert len(faces) == 1, name
        assert abs(faces[0].box.x + faces[0].box.width / 2 - x) < 8
        assert abs(faces[0].box.y + faces[0].box.height / 2 - y) < 8


def test_a_small_face_behind_a_large_one_is_found_when_every_face_counts(
    detector: Detector, portraits: dict[str, NDArray[np.uint8]]
) -> None:
    near, far, *_ = portraits.values()
    scene = _scene(1080, 1920, seed=3)
    scene[200:800, 1200:1800] = near
    small = Image.fromarray(far).resize((120, 120), reducing_gap=2.0)
    scene[500:620, 300:420] = np.asarray(small)
    sample = BiometricSample(scene)

    assert len(detect_faces(detector, sample, every_face=True)) == 2


@pytest.mark.parametrize("face_share", [1.0, 0.9])
def test_a_face_that_fills_the_frame_is_found(
    detector: Detector, portraits: dict[str, NDArray[np.uint8]], face_share: float
) -> None:
    for name in list(portraits)[::8]:
        pixels = portraits[name]
        (face,) = detect_faces(detector, BiometricSample(pixels))
        box = face.box
        across, down = box.width / face_share, box.height / face_share
        left, top = int(box.x - (across - box.width) / 2), int(box.y - (down - box.height) / 2)
        tight = pixels[max(0, top) : int(top + down), left : int(left + across)]

        (found,) = detect_faces(detector, BiometricSample(tight))

        assert found.box.width > 0.7 * box.width, name


def test_a_face_is_found_where_tiles_meet(
    detector: Detector, portraits: dict[str, NDArray[np.uint8]]
) -> None:
    thumb = np.asarray(
        Image.fromarray(next(iter(portraits.values()))).resize((120, 120), reducing_gap=2.0)
    )
    for left in range(1700, 2300, 150):
        scene = np.full((2500, 4000, 3), 90, np.uint8)
        scene[1200:1320, left : left + 120] = thumb
        (face,) = detect_faces(detector, BiometricSample(scene))
        assert abs(face.box.x + face.box.width / 2 - left - 60) < 10


def test_landmarks_of_a_small_face_are_as_good_as_those_of_a_large_one(
    detector: Detector, portraits: dict[str, NDArray[np.uint8]]
) -> None:
    errors = []
    for pixels in list(portraits.values())[::8]:
        (large,) = detect_faces(detector, BiometricSample(pixels))
        small_pixels = np.asarray(Image.fromarray(pixels).resize((120, 120), reducing_gap=2.0))
        frame = np.full((1080, 1920, 3), 90, np.uint8)
        frame[400:520, 600:720] = small_pixels
        (small,) = detect_faces(detector, BiometricSample(frame))
        expected = (large.landmarks + 0.5) / 5 - 0.5 + (600, 400)
        between_eyes = np.linalg.norm(expected[1] - expected[0])
        errors.append(np.linalg.norm(small.landmarks - expected, axis=1).mean() / between_eyes)
    assert np.mean(errors) < 0.05


def test_a_photo_of_64_megapixels_is_shown_in_small_tiles() -> None:
    recorder = Recorder(None)
    blank = np.zeros((8000, 8000, 3), np.uint8)
    assert detect_faces(recorder, BiometricSample(blank)) == ()
    assert max(max(size) for size in recorder.shown) <= 1025


@pytest.mark.parametrize("shape", [(16, 16, 3), (16, 3000, 3), (3000, 16, 3)])
def test_a_photo_without_a_face_gives_none(detector: Detector, shape: tuple[int, int, int]) -> None:
    assert detect_faces(detector, BiometricSample(np.full(shape, 60, np.uint8))) == ()


def test_detecting_leaves_the_sample_unchanged(
    detector: Detector, portraits: dict[str, NDArray[np.uint8]]
) -> None:
    pixels = next(iter(portraits.values())).copy()
    before = pixels.copy()
    detect_faces(detector, BiometricSample(pixels), every_face=True)
    np.testing.assert_array_equal(pixels, before)


@given(
    length_px=st.integers(1, 20_000), size_px=st.integers(200, 3000), overlap_px=st.integers(1, 99)
)
def test_spans_cover_a_length_and_overlap(length_px: int, size_px: int, overlap_px: int) -> None:
    spans = _spans(length_px, size_px, overlap_px)
    assert spans[0][0] == 0
    assert spans[-1][1] == length_px
    assert all(0 < end - start <= size_px for start, end in spans)
    assert all(end - following >= overlap_px for (_, end), (following, _) in pairwise(spans))


_boxes = st.lists(
    st.tuples(st.floats(0, 50), st.floats(0, 50), st.floats(1, 30), st.floats(1, 30)),
    min_size=1,
    max_size=12,
)


@given(_boxes, st.floats(0.1, 0.9))
def test_kept_boxes_are_apart_and_every_other_is_near_a_surer_one(
    rows: list[tuple[float, float, float, float]], overlap_max: float
) -> None:
    boxes = np.array(rows)
    confidences = np.linspace(1, 0, len(rows))
    kept = suppress(boxes, confidences, overlap_max)
    between = overlaps(boxes, boxes)
    assert kept == sorted(kept)
    assert all(between[a, b] <= overlap_max for a in kept for b in kept if a != b)
    for gone in set(range(len(rows))) - set(kept):
        assert any(between[gone, stays] > overlap_max for stays in kept if stays < gone)


def test_a_box_within_another_is_covered_by_it() -> None:
    large, inside, beside = (0, 0, 100, 100), (10, 10, 5, 5), (98, 98, 50, 50)
    boxes = np.array([inside, beside], float)
    assert covered(boxes, np.array([large], float), 0.5).tolist() == [True, False]
    assert covered(boxes, np.empty((0, 4)), 0.5).tolist() == [False, False]


def _scene(height_px: int, width_px: int, seed: int) -> NDArray[np.uint8]:
    """Texture at several scales, laid over each other."""
    rng = np.random.default_rng(seed)
    total = np.zeros((height_px, width_px, 3), np.float32)
    for rows in (4, 16, 64, height_px // 3):
        coarse = rng.integers(0, 256, (rows, rows * width_px // height_px, 3), dtype=np.uint8)
        image = Image.fromarray(coarse).resize((width_px, height_px), Image.Resampling.BICUBIC)
        total += np.asarray(image, np.float32)
    return (total / 4).astype(np.uint8)


def _paste(
    scene: NDArray[np.uint8], portrait: NDArray[np.uint8], face_px: int, seed: int
) -> tuple[float, float]:
    """Puts the portrait in, its face so wide; returns where the face's centre is, about."""
    side_px = round(face_px / _FACE_SHARE)
    thumb = Image.fromarray(portrait).resize((side_px, side_px), reducing_gap=2.0)
    rng = np.random.default_rng(seed)
    left, top = rng.integers(0, scene.shape[1] - side_px), rng.integers(0, scene.shape[0] - side_px)
    scene[top : top + side_px, left : left + side_px] = np.asarray(thumb)
    return left + side_px / 2, top + side_px * 0.52


def test_nothing_is_found_where_nobody_is(
    detector: Detector, portraits: dict[str, NDArray[np.uint8]]
) -> None:
    clothes = [pixels[-140:] for pixels in portraits.values()]
    sleeves = [
        np.asarray(Image.fromarray(pixels[-120:, :240]).resize((960, 480)))
        for pixels in portraits.values()
    ]
    for pixels in [*clothes, *sleeves]:
        assert not detect_faces(detector, BiometricSample(np.ascontiguousarray(pixels)))


def test_nothing_is_found_in_rooms_and_landscapes_out_of_focus(detector: Detector) -> None:
    for place in range(60):
        light = backdrop(capture_of(derived_seed("nobody", place)), 320)
        pixels = np.rint(255 * srgb_from_linear(np.clip(light, 0, 1))).astype(np.uint8)
        assert not detect_faces(detector, BiometricSample(pixels)), place
