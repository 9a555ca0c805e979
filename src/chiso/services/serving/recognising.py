"""Verify, identify and detect for callers of a server: limits, and refusals that say no more."""

from __future__ import annotations

from functools import partial

from chiso.consent import policy
from chiso.core.access import Action, Actor, Resource
from chiso.core.errors import ChisoError, Code, Kind
from chiso.core.labels import label_from
from chiso.core.samples import Refusal
from chiso.services import verify as comparing
from chiso.services.engine import MeasuredFace, faces_in
from chiso.services.home import Home
from chiso.services.identify import FaceAnswer
from chiso.services.serving.failures import limited
from chiso.services.serving.service import Service
from chiso.services.verify import VerifyAnswer


async def verify(
    service: Service, caller: Actor, label: str, purpose: str, photo: bytes
) -> VerifyAnswer | Refusal:
    """Compare as `_compared` does, where not too many such comparisons failed at this station."""
    compare = partial(_compared, service, caller, label, purpose, photo)
    return await limited(service, caller, compare, lambda answer: answer.verified.match)


async def _compared(
    service: Service, caller: Actor, label: str, purpose: str, photo: bytes
) -> VerifyAnswer | Refusal:
    """Compare the one face of `photo` with the person called `label`.

    Attempts are limited by station and person; a match forgives them, and a photo that cannot be
    used is none. Whether nobody is called that, she did not agree, or it is over, is answered with
    one message, after whole steps of time; and so is, to whoever may not read who is known, that
    she carries all there is on her card.
    """
    of = (
        caller.station or caller.counted_as,
        label_from(label, "subject"),
    )  # one person, one count
    service.per_subject.note(of, service.home.clock.now())
    began = service.pace.now()
    work = partial(comparing.verify, service.home_for(caller), label, photo, purpose)
    try:
        answer = await service.photos.run(work)
    except ChisoError as error:
        if error.kind is not Kind.CONSENT and not _tells_that_she_is_known(error, caller):
            raise
        refusal = policy.nobody(purpose)
        await service.pace.to_next_step(began)
        raise ChisoError(refusal.code, refusal.message, refusal.hint) from None
    if isinstance(answer, Refusal):
        service.per_subject.take_back(of)
    elif answer.verified.match:
        service.per_subject.forgive(of)
    return answer


def _tells_that_she_is_known(error: ChisoError, caller: Actor) -> bool:
    may_know = caller.may(Action.READ, Resource.SUBJECTS)
    return error.code is Code.REFERENCE_MISSING and not may_know


async def identify(
    service: Service, caller: Actor, purpose: str, photo: bytes
) -> list[FaceAnswer] | Refusal:
    """Search every face of `photo` among those who agreed to it."""
    home = service.home_for(caller)
    return await service.photos.run(partial(service.searches.identify, home, purpose, photo))


def detect(home: Home, photo: bytes, *, to_enrol: bool = False) -> list[MeasuredFace] | Refusal:
    """Every face of a photo, measured as a probe, or as a reference; no template is made."""
    engine = home.engine()
    return faces_in(engine, photo, engine.capture.enrolment if to_enrol else engine.capture.probe)
