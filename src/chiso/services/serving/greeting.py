"""A station looks who stands before it: the nearest face, and nobody behind her."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from chiso.core.access import Actor
from chiso.core.errors import ChisoError, Code, Kind
from chiso.core.samples import Refusal
from chiso.services.engine import MeasuredFace
from chiso.services.identify import probe_faces
from chiso.services.serving.service import Service

_ALONE_RATIO = 0.6
"""A face narrower than this share of the nearest one's is behind her, and is not compared: whoever
waits in line did not ask to be recognised."""


@dataclass(frozen=True, slots=True)
class Greeting:
    """Who it is; `label` None: unknown."""

    label: str | None


async def greet(service: Service, caller: Actor, purpose: str, photo: bytes) -> Greeting | Refusal:
    """Search the nearest face of `photo` among those who agreed to be identified for `purpose`.

    Where nobody agreed, nobody is compared: unknown.
    """

    def work() -> Greeting | Refusal:
        home = service.home_for(caller)
        faces = probe_faces(home, photo)
        nearest = faces if isinstance(faces, Refusal) else nearest_of(faces)
        if isinstance(nearest, Refusal):
            return nearest
        try:
            search = service.searches.of(purpose)
        except ChisoError as error:
            if error.kind is not Kind.CONSENT and error.code is not Code.REFERENCE_MISSING:
                raise
            return Greeting(None)
        (answer,) = search.identify_faces([nearest], home=home)
        return Greeting(answer.candidates[0].label if answer.candidates else None)

    return await service.photos.run(work)


def nearest_of(faces: Sequence[MeasuredFace]) -> MeasuredFace | Refusal:
    """The usable face that is clearly nearest; a Refusal where two are about as near."""
    nearest, *others = sorted(faces, key=lambda each: each.face.box.width, reverse=True)
    if others and others[0].face.box.width > _ALONE_RATIO * nearest.face.box.width:
        return Refusal(
            Code.SEVERAL_FACES,
            f"There are {len(faces)} faces before the camera.",
            "One at a time, please: let the others step back.",
        )
    return nearest.refusal or nearest
