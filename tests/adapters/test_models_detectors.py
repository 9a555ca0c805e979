from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from chiso.adapters.models.manifest import Architecture
from chiso.adapters.models.model_store import ModelStore
from chiso.adapters.models.opening import open_detector
from chiso.core.ports import Detector
from chiso.core.samples import Box


@pytest.fixture(scope="module")
def yunet(tmp_path_factory: pytest.TempPathFactory, yunet_file: Path) -> Detector:
    store = ModelStore(tmp_path_factory.mktemp("yunet"))
    store.add(yunet_file.read_bytes(), Architecture.YUNET, "ours", "MIT")
    return open_detector(store, "ours")


@pytest.fixture(scope="module", params=["centerface", "yunet"])
def either(request: pytest.FixtureRequest) -> Detector:
    fixture = "detector" if request.param == "centerface" else "yunet"
    found: Detector = request.getfixturevalue(fixture)
    return found


@pytest.fixture(scope="module")
def portraits(london: Path) -> list[NDArray[np.uint8]]:
    """Every fifth person, at 250×250: no side divisible by 32."""
    files = sorted(london.glob("*_neutral.jpg"))[::5]
    return [np.asarray(Image.open(file).convert("RGB").resize((250, 250))) for file in files]


def test_one_face_is_found_in_each_portrait(
    either: Detector, portraits: list[NDArray[np.uint8]]
) -> None:
    assert [len(either.detect(portrait)) for portrait in portraits] == [1] * len(portraits)


def test_landmarks_come_in_the_agreed_order_inside_the_box(
    either: Detector, portraits: list[NDArray[np.uint8]]
) -> None:
    for portrait in portraits:
        (face,) = either.detect(portrait)
        left_eye, right_eye, nose, left_mouth, right_mouth = face.landmarks
        assert face.landmarks.dtype == np.float32
        assert face.box.x < left_eye[0] < nose[0] < right_eye[0] < face.box.x + face.box.width
        assert left_mouth[0] < right_mouth[0]
        assert max(left_eye[1], right_eye[1]) < nose[1] < min(left_mouth[1], right_mouth[1])
        assert face.box.y < left_eye[1]
        assert left_mouth[1] < face.box.y + face.box.height
        assert 0 < face.confidence <= 1


def test_landmarks_count_from_pixel_centres(
    detector: Detector, portraits: list[NDArray[np.uint8]]
) -> None:
    # Seen in a mirror, x becomes width - 1 - x where pixel centres are whole numbers. Had the
    # points a shift of half a pixel, the mean difference would be a whole one.
    differences = []
    for portrait in portraits:
        (face,) = detector.detect(portrait)
        (mirrored,) = detector.detect(np.ascontiguousarray(portrait[:, ::-1]))
        back = portrait.shape[1] - 1 - mirrored.landmarks[[1, 0, 2, 4, 3], 0]
        differences.append(face.landmarks[:, 0] - back)
    assert abs(np.mean(differences)) < 0.4


def test_two_detectors_agree_where_the_face_is(
    detector: Detector, yunet: Detector, portraits: list[NDArray[np.uint8]]
) -> None:
    for portrait in portraits:
        (one,), (other,) = detector.detect(portrait), yunet.detect(portrait)
        assert _overlap(one.box, other.box) > 0.6
        assert np.abs(one.landmarks - other.landmarks).mean() < 0.05 * one.box.width


def test_the_surest_face_comes_first(either: Detector, portraits: list[NDArray[np.uint8]]) -> None:
    faces = either.detect(np.hstack(portraits[:4]))
    confidences = [face.confidence for face in faces]
    assert len(faces) == 4
    assert confidences == sorted(confidences, reverse=True)


@pytest.mark.parametrize("shape", [(1, 1, 3), (33, 500, 3), (224, 224, 3)])
def test_an_empty_picture_of_any_size_has_no_face(
    either: Detector, shape: tuple[int, int, int]
) -> None:
    assert either.detect(np.full(shape, 128, np.uint8)) == ()


def test_detecting_leaves_the_picture_unchanged(
    either: Detector, portraits: list[NDArray[np.uint8]]
) -> None:
    before = portraits[0].copy()
    either.detect(portraits[0])
    np.testing.assert_array_equal(portraits[0], before)


def _overlap(one: Box, other: Box) -> float:
    width = min(one.x + one.width, other.x + other.width) - max(one.x, other.x)
    height = min(one.y + one.height, other.y + other.height) - max(one.y, other.y)
    shared = max(0.0, width) * max(0.0, height)
    return shared / (one.width * one.height + other.width * other.height - shared)
