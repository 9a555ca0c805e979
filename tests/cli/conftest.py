"""A made home, chiso working in it, and photos of volunteers."""

from __future__ import annotations

import csv
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper
from PIL import Image
from tests.cli.backups import NAME
from tests.cli.running import FAR_AWAY, PURPOSE, Chiso, enrolment, run_alone

ENROLLED = ("001", "003", "005")


@pytest.fixture(scope="session")
def models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where these tests keep the graphs that chiso builds."""
    return tmp_path_factory.mktemp("cli-models")


@pytest.fixture(scope="session")
def empty_home(tmp_path_factory: pytest.TempPathFactory, models: Path) -> Path:
    """A home as `chiso init` makes it, to copy."""
    home = tmp_path_factory.mktemp("empty") / "home"
    run_alone(home, models, "init", "--controller", "Mbare Clinic")
    return home


@pytest.fixture(scope="session")
def peopled_home(
    tmp_path_factory: pytest.TempPathFactory, models: Path, empty_home: Path, london: Path
) -> Path:
    """A home with three volunteers, named by their numbers, to copy."""
    home = tmp_path_factory.mktemp("peopled") / "home"
    shutil.copytree(empty_home, home)
    (home.parent / "form.pdf").write_bytes(b"I agree.")
    for subject in ENROLLED:
        photo = london / f"{subject}_neutral.jpg"
        words = enrolment(home, subject, photo, PURPOSE, "verify,identify", FAR_AWAY)
        run_alone(home, models, *words)
    return home


@pytest.fixture
def home(tmp_path: Path, empty_home: Path) -> Path:
    """A home where nobody is enrolled, and `form.pdf`, which shows consent, beside it."""
    (tmp_path / "form.pdf").write_bytes(b"I agree.")
    shutil.copytree(empty_home, tmp_path / "home")
    return tmp_path / "home"


@pytest.fixture
def run(
    home: Path, models: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Chiso:
    """chiso, working in `home`."""
    monkeypatch.setenv("CHISO_HOME", str(home))
    monkeypatch.setenv("CHISO_MODELS", str(models))
    monkeypatch.delenv("CHISO_OPERATOR_KEY", raising=False)
    return Chiso(home, models, capsys)


@pytest.fixture
def peopled(run: Chiso, peopled_home: Path) -> Chiso:
    """chiso, working in a home with three volunteers: 001, 003 and 005."""
    return run.in_copy_of(peopled_home)


@pytest.fixture(scope="session")
def clinic_home(
    tmp_path_factory: pytest.TempPathFactory, models: Path, peopled_home: Path, london: Path
) -> Path:
    """The home with three volunteers and a fourth whose name is one, to copy."""
    home = tmp_path_factory.mktemp("clinic") / "home"
    shutil.copytree(peopled_home, home)
    (home.parent / "form.pdf").write_bytes(b"I agree.")
    photo = london / "006_neutral.jpg"
    run_alone(home, models, *enrolment(home, NAME, photo, PURPOSE, "verify,identify", FAR_AWAY))
    return home


@pytest.fixture
def tsitsi(run: Chiso, clinic_home: Path) -> Chiso:
    """chiso, working in a home with 001, 003, 005 and Tsitsi."""
    return run.in_copy_of(clinic_home)


@pytest.fixture(scope="session")
def clinic(clinic_home: Path, models: Path) -> Path:
    """A backup of `tsitsi`'s home as it is at first. Nobody may write to it."""
    run_alone(clinic_home, models, "backup", "--out", clinic_home.parent / "clinic.backup")
    return clinic_home.parent / "clinic.backup"


@pytest.fixture(scope="session")
def keyed(clinic_home: Path, models: Path) -> Path:
    """As `clinic`, with the operator's key in it."""
    file = clinic_home.parent / "keyed.backup"
    run_alone(clinic_home, models, "backup", "--out", file, "--with-operator-key")
    return file


@pytest.fixture
def backup(tmp_path: Path) -> Path:
    """Where tests put a backup of their own."""
    return tmp_path / "clinic.backup"


@pytest.fixture(scope="session")
def volunteer(london: Path) -> Callable[..., Path]:
    """`volunteer("001")`, `volunteer("001", "smiling")`: a photo of a volunteer."""
    return lambda subject, face="neutral": london / f"{subject}_{face}.jpg"


@pytest.fixture(scope="session")
def small_photos(
    london: Path, tmp_path_factory: pytest.TempPathFactory
) -> list[tuple[str, Path, Path]]:
    """(number, neutral, smiling) of every volunteer, scaled to 256 px: quick to look at."""
    folder = tmp_path_factory.mktemp("small")
    with (london / "people.csv").open(newline="") as file:
        people = [row["subject"] for row in csv.DictReader(file)]
    for subject in people:
        for face in ("neutral", "smiling"):
            with Image.open(london / f"{subject}_{face}.jpg") as photo:
                photo.resize((256, 256)).save(folder / f"{subject}_{face}.jpg", quality=92)
    return [
        (each, folder / f"{each}_neutral.jpg", folder / f"{each}_smiling.jpg") for each in people
    ]


@pytest.fixture(scope="session")
def tiny_model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An ONNX file shaped like ArcFace that tells photos apart by their coarse colours."""
    file = tmp_path_factory.mktemp("tiny") / "tiny.onnx"
    weights = np.random.default_rng(7).normal(size=(3 * 14 * 14, 512)).astype(np.float32)
    face = helper.make_tensor_value_info("face", TensorProto.FLOAT, [1, 3, 112, 112])
    numbers = helper.make_tensor_value_info("numbers", TensorProto.FLOAT, [1, 512])
    nodes = [
        helper.make_node("AveragePool", ["face"], ["small"], kernel_shape=[8, 8], strides=[8, 8]),
        helper.make_node("Flatten", ["small"], ["flat"]),
        helper.make_node("MatMul", ["flat", "weights"], ["numbers"]),
    ]
    constants = [numpy_helper.from_array(weights, "weights")]
    graph = helper.make_graph(nodes, "tiny", [face], [numbers], constants)
    opsets = [helper.make_opsetid("", 17)]
    onnx.save(helper.make_model(graph, opset_imports=opsets, ir_version=8), str(file))
    return file
