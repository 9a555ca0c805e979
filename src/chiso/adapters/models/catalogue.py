"""The model store as the list that people see."""

from __future__ import annotations

from collections.abc import Sequence

from chiso.adapters.models.embedder import recipe_digest
from chiso.adapters.models.manifest import (
    Architecture,
    DetectorSpec,
    EmbedderSpec,
    ModelEntry,
    Pack,
    PackageSource,
    UrlSource,
)
from chiso.adapters.models.model_store import ModelStore
from chiso.core.catalogue import ModelCard, PackCard, Transfer
from chiso.core.errors import ChisoError, Code


class StoreCatalogue:
    """Implements `chiso.core.catalogue.Catalogue` over a model store."""

    def __init__(self, store: ModelStore) -> None:
        self._store = store

    def models(self) -> Sequence[ModelCard]:
        """Every known model."""
        return [self._card(entry) for entry in self._store.entries()]

    def packs(self) -> Sequence[PackCard]:
        """Every pack that a home can use."""
        return [self._pack_card(pack) for pack in self._store.packs()]

    def model(self, name: str) -> ModelCard:
        """One model. Raises ChisoError(BAD_ARGUMENT) for a name that nobody has."""
        return self._card(self._store.entry(name))

    def pack(self, name: str) -> PackCard:
        """One pack. Raises ChisoError(BAD_ARGUMENT) for a name that nobody has."""
        return self._pack_card(self._store.pack(name))

    def pull(self, name: str, transfer: Transfer) -> None:
        """Fetch a model from its publisher; the digest is checked before it gets its name."""
        self._store.pull(name, transfer)

    def add(self, graph: bytes, like: str, name: str, licence: str) -> ModelCard:
        """Register an ONNX file, given its content."""
        kinds = [kind.value for kind in Architecture]
        if like not in kinds:
            raise ChisoError(
                Code.BAD_ARGUMENT,
                f"No kind of model is called {like!r}.",
                f"Choose one of: {', '.join(kinds)}.",
            )
        return self._card(self._store.add(graph, Architecture(like), name, licence))

    def _card(self, entry: ModelEntry) -> ModelCard:
        spec = entry.spec
        mean = ", ".join(f"{each:g}" for each in spec.normalisation.mean)
        return ModelCard(
            name=entry.name,
            role=spec.role,
            like=spec.architecture.value,
            sha256=entry.sha256,
            size_bytes=entry.size_bytes,
            licence=entry.licence,
            source=_source_text(entry),
            input_px=spec.geometry.size_px if isinstance(spec, EmbedderSpec) else None,
            normalisation=(
                f"({spec.normalisation.channel_order} - ({mean})) * {spec.normalisation.scale:g}"
            ),
            dimensions=spec.dimensions if isinstance(spec, EmbedderSpec) else None,
            score_min=spec.score_min if isinstance(spec, DetectorSpec) else None,
            is_here=self._store.is_here(entry.name),
        )

    def _pack_card(self, pack: Pack) -> PackCard:
        entry = self._store.entry(pack.embedder)
        if not isinstance(entry.spec, EmbedderSpec):
            raise ChisoError(
                Code.BAD_MANIFEST,
                f"{pack.embedder} is not an embedder, but pack {pack.name} uses it as one.",
                "Delete its entry and add the model again with `chiso models add`.",
            )
        digest = recipe_digest(entry.sha256, entry.spec)
        return PackCard(pack.name, pack.detector, pack.embedder, digest)


def _source_text(entry: ModelEntry) -> str:
    match entry.source:
        case PackageSource(package=package, file=file):
            return f"Python package {package}, {file}"
        case UrlSource(url=url):
            return url
        case _:
            return "added by the operator"
