"""Opens the studio: reads the head, sets the renderer up, and takes portraits in it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from importlib import import_module, metadata, resources
from importlib.util import find_spec

from chiso.adapters.studio.assets import missing, read_basis
from chiso.core.errors import ChisoError, Code
from chiso.volunteers.calibration import Sitter, tone_of_skin
from chiso.volunteers.capture import Capture, capture_of, reference_capture
from chiso.volunteers.complexion import Complexion, painted
from chiso.volunteers.develop import ToneOfSkin, photograph, stored
from chiso.volunteers.exposure import Exposure
from chiso.volunteers.figure import Figure, Sculptor
from chiso.volunteers.identity import Identity, identity_of
from chiso.volunteers.portraits import TONES, Portrait

GENERATOR = 3
"""Goes up when a change of code changes portraits: caches and folders of older ones are then left
alone, and not mixed with new ones."""

SAMPLES = 16
"""Rays a pixel; the grain that is left is filtered (`Exposure.smoothed`)."""

ALBEDO_FILE = "albedo.json"

_PACKAGES = ("drjit", "mitsuba", "numpy", "pillow")


class RenderedStudio:
    """The studio, in one process and one thread; see `chiso.volunteers.portraits.Studio`."""

    def __init__(self) -> None:
        # Loaded here, so that Chiso starts without it where no volunteer is rendered.
        self._stage = import_module("chiso.adapters.studio.stage")
        basis = read_basis()
        self._sculptor = Sculptor(basis)
        albedos = shipped_albedos()
        self._tones = {tone: tone_of_skin(tone, albedos[tone]) for tone in TONES}
        self._digest = _digest(basis.digest, albedos)

    @property
    def digest(self) -> str:
        """SHA-256, in hex, of generator, head, tones, and the packages that render and encode."""
        return self._digest

    def portraits(
        self, person: int, capture: int, tones: Sequence[int], size_px: int
    ) -> tuple[Portrait, ...]:
        """One portrait for each tone; see `Studio.portraits`."""
        identity, photo = self.identity(person), capture_of(capture)
        exposure, complexion = self.exposed(identity, photo, size_px)
        return tuple(
            self._portrait(identity, photo, exposure, complexion, self._tones[tone], size_px)
            for tone in tones
        )

    def identity(self, person: int) -> Identity:
        """Who a seed stands for."""
        return identity_of(person, self._sculptor.shape_names)

    def figure(self, identity: Identity, capture: Capture) -> Figure:
        """Her shape in a photo."""
        return self._sculptor.figure(identity, capture)

    def exposed(
        self, identity: Identity, capture: Capture, size_px: int, samples: int = SAMPLES
    ) -> tuple[Exposure, Complexion]:
        """Light traced once, and the skin to put into it."""
        figure = self.figure(identity, capture)
        exposure: Exposure = self._stage.expose(figure, capture, size_px, samples).smoothed()
        return exposure, painted(identity, exposure)

    def sitter(self, person: int, size_px: int) -> Sitter:
        """Someone in the reference light, for calibration."""
        return Sitter(*self.exposed(self.identity(person), reference_capture(), size_px))

    def tone(self, tone: int) -> ToneOfSkin:
        """One of the ten tones."""
        return self._tones[tone]

    def _portrait(
        self,
        identity: Identity,
        capture: Capture,
        exposure: Exposure,
        complexion: Complexion,
        tone: ToneOfSkin,
        size_px: int,
    ) -> Portrait:
        photo = photograph(exposure, complexion, tone, capture)
        return Portrait(
            person=identity.seed,
            capture=capture.seed,
            tone=tone.tone,
            jpeg=stored(photo, capture.camera.quality),
            size_px=size_px,
            landmarks=exposure.landmarks,
            person_traits=identity.traits(),
            capture_traits=capture.traits(),
        )


def open_studio() -> RenderedStudio:
    """The studio, ready to take portraits: about a second.

    Raises ChisoError(VOLUNTEERS_MISSING) where its packages are not installed.
    """
    if find_spec("mitsuba") is None:
        raise missing()
    return RenderedStudio()


def shipped_albedos() -> Mapping[int, tuple[float, float, float]]:
    """The albedo of each tone's skin, as `chiso volunteers calibrate` found it."""
    text = (resources.files("chiso.adapters.studio") / ALBEDO_FILE).read_text()
    rows = json.loads(text)["albedo"]
    if sorted(map(int, rows)) != list(TONES):
        raise ChisoError(
            Code.DIGEST_MISMATCH,
            f"{ALBEDO_FILE} does not list the ten tones.",
            "Make it anew with `chiso volunteers calibrate --out`, or install Chiso again.",
        )
    return {int(tone): (row[0], row[1], row[2]) for tone, row in rows.items()}


def _digest(head: str, albedos: Mapping[int, tuple[float, float, float]]) -> str:
    facts = {
        "generator": GENERATOR,
        "head": head,
        "albedo": {str(tone): list(row) for tone, row in albedos.items()},
        "samples": SAMPLES,
        "packages": {name: metadata.version(name) for name in _PACKAGES},
    }
    return hashlib.sha256(json.dumps(facts, sort_keys=True).encode()).hexdigest()
