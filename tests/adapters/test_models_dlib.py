import json
import runpy
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from chiso.adapters.models.dlib_graph import build_dlib_graph
from chiso.adapters.models.dlib_weights import parse_dlib_weights
from chiso.adapters.models.embedder import OnnxEmbedder, recipe_digest
from chiso.adapters.models.manifest import EmbedderSpec, ModelEntry
from chiso.adapters.models.model_store import ModelStore
from chiso.adapters.models.sessions import open_session
from chiso.core.errors import ChisoError, Code
from chiso.core.ports import Embedder

REPOSITORY = Path(__file__).parents[2]
DLIB = "dlib-resnet-v1"


@pytest.fixture(scope="module")
def entry(model_store: ModelStore) -> ModelEntry:
    return model_store.entry(DLIB)


@pytest.fixture(scope="module")
def spec(entry: ModelEntry) -> EmbedderSpec:
    assert isinstance(entry.spec, EmbedderSpec)
    return entry.spec


@pytest.fixture(scope="module")
def network(model_store: ModelStore, entry: ModelEntry, spec: EmbedderSpec) -> OnnxEmbedder:
    return OnnxEmbedder(entry, spec, open_session(model_store.graph(DLIB)))


@pytest.fixture(scope="module")
def chips() -> NDArray[np.uint8]:
    return np.random.default_rng(5).integers(0, 256, (5, 150, 150, 3), dtype=np.uint8)


def test_the_graph_gives_the_descriptor_that_dlib_gives(network: OnnxEmbedder) -> None:
    golden = json.loads((REPOSITORY / "tests/golden/dlib_descriptor.json").read_text())
    made_up_chip = runpy.run_path(str(REPOSITORY / "scripts/make_dlib_golden.py"))["made_up_chip"]

    descriptor = network.describe(made_up_chip()[None])[0]

    np.testing.assert_allclose(descriptor, golden["descriptor"], rtol=0, atol=1e-5)


def test_a_batch_gives_what_single_chips_give(
    network: OnnxEmbedder, chips: NDArray[np.uint8]
) -> None:
    single = np.concatenate([network.describe(chip[None]) for chip in chips])
    np.testing.assert_allclose(network.describe(chips), single, rtol=0, atol=1e-5)


def test_more_chips_than_a_batch_holds_come_back_in_order(embedder: Embedder) -> None:
    rng = np.random.default_rng(6)
    chips = list(rng.integers(0, 256, (40, 150, 150, 3), dtype=np.uint8))
    last = embedder.embed(chips[-1:])[0].vector
    np.testing.assert_allclose(embedder.embed(chips)[-1].vector, last, atol=1e-5)


def test_templates_have_unit_length_and_carry_the_recipe(
    embedder: Embedder, chips: NDArray[np.uint8]
) -> None:
    for template in embedder.embed(list(chips)):
        assert template.vector.shape == (embedder.dimensions,)
        assert template.vector.dtype == np.float32
        assert np.linalg.norm(template.vector) == pytest.approx(1, abs=1e-6)
        assert template.model == embedder.digest


def test_a_mirrored_chip_has_the_same_reference_but_for_the_noise_of_its_copies(
    embedder: Embedder, chips: NDArray[np.uint8]
) -> None:
    upright, mirrored = embedder.embed_references([chips[0], chips[0][:, ::-1]])
    assert upright.vector @ mirrored.vector > 0.999


def test_a_network_without_an_enhancement_sees_a_chip_and_its_mirror_image_alike(
    entry: ModelEntry, spec: EmbedderSpec, model_store: ModelStore, chips: NDArray[np.uint8]
) -> None:
    plain = OnnxEmbedder(
        entry, replace(spec, enhancement=None), open_session(model_store.graph(DLIB), 1)
    )
    upright, mirrored = plain.embed([chips[0], chips[0][:, ::-1]])
    np.testing.assert_allclose(upright.vector, mirrored.vector, atol=1e-6)
    (reference,) = plain.embed_references([chips[0]])
    np.testing.assert_array_equal(reference.vector, upright.vector)


def test_a_reference_is_the_same_every_time_and_of_the_same_model(
    embedder: Embedder, chips: NDArray[np.uint8]
) -> None:
    alone = embedder.embed_references([chips[0]])[0]
    again = embedder.embed_references(list(chips))[0]
    np.testing.assert_allclose(alone.vector, again.vector, atol=1e-5)
    assert alone.model == embedder.digest
    assert np.linalg.norm(alone.vector) == pytest.approx(1, abs=1e-6)


def test_embedding_leaves_the_chip_unchanged(embedder: Embedder, chips: NDArray[np.uint8]) -> None:
    before = chips.copy()
    embedder.embed(list(chips))
    np.testing.assert_array_equal(chips, before)


def test_no_chips_give_no_templates(embedder: Embedder) -> None:
    assert embedder.embed([]) == ()


@pytest.mark.parametrize("shape", [(112, 112, 3), (150, 150), (150, 150, 4)])
def test_a_chip_of_another_shape_is_refused(embedder: Embedder, shape: tuple[int, ...]) -> None:
    with pytest.raises(ChisoError) as refusal:
        embedder.embed([np.zeros(shape, np.uint8)])
    assert refusal.value.code is Code.BAD_ARGUMENT


def test_the_digest_names_the_whole_recipe(
    embedder: Embedder, entry: ModelEntry, spec: EmbedderSpec
) -> None:
    assert embedder.digest == recipe_digest(entry.sha256, spec)
    moved = replace(spec.geometry, points=((47.5, 49.0), *spec.geometry.points[1:]))
    others = {
        recipe_digest("0" * 64, spec),
        recipe_digest(entry.sha256, replace(spec, geometry=moved)),
        recipe_digest(
            entry.sha256, replace(spec, normalisation=replace(spec.normalisation, scale=1.0))
        ),
        recipe_digest(entry.sha256, replace(spec, enhancement=None)),
    }
    assert len(others - {embedder.digest}) == 4


def test_the_digest_of_the_offline_recipe_never_changes(embedder: Embedder) -> None:
    # Stored templates carry it: if this fails, every home must enrol its people again.
    assert embedder.digest == "0ae3ebed5539ca6610046416d87ab3d208e848e68b2a25afd5d2aeefc840eed7"


def test_building_twice_gives_the_same_bytes(model_store: ModelStore) -> None:
    graph = model_store.graph(DLIB)
    assert build_dlib_graph(parse_dlib_weights(_weights())) == graph


@pytest.mark.parametrize("kept", [0, 100, 20_000, 22_000_000])
def test_weights_cut_short_are_refused(kept: int) -> None:
    with pytest.raises(ChisoError) as refusal:
        parse_dlib_weights(_weights()[:kept])
    assert refusal.value.code is Code.DIGEST_MISMATCH


def _weights() -> bytes:
    from importlib import metadata

    files = metadata.files("face_recognition_models") or []
    name = "dlib_face_recognition_resnet_model_v1.dat"
    return Path(str(next(file.locate() for file in files if file.name == name))).read_bytes()
