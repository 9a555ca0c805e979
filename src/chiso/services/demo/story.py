"""Tells the demo's story in a home made for it: enrol, recognise, refuse, withdraw, verify."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum

from chiso.core.consent import Mode
from chiso.core.errors import ChisoError, Code, Kind
from chiso.core.samples import BiometricSample, Box, Refusal
from chiso.services import log_check, log_checkpoints
from chiso.services.demo.cast import Cast, Volunteer, cast
from chiso.services.demo.group_picture import GroupPicture, compose
from chiso.services.demo.recognition import Recognition, Watch, recognise
from chiso.services.demo.results import (
    DemoResult,
    Enrolment,
    GroupScene,
    Sighting,
    Verification,
    Withdrawal,
)
from chiso.services.demo.traces import WrappedKey, closest_likeness, files_of, traces_of
from chiso.services.enrol import Agreement, PhotoRefused, enrol
from chiso.services.home import Home
from chiso.services.identify import FaceAnswer, identify, prepare_search
from chiso.services.verify import verify
from chiso.services.withdraw import withdraw

PURPOSE = "demo"
OTHER_PURPOSE = "advertising"
CONSENT_DAYS = 30
_PLACE_TOLERANCE = 0.3
"""How far a face's centre may lie from its portrait's, in sides of the portrait."""


class Act(StrEnum):
    """The acts of the story, as a progress bar calls them."""

    ENROL = "Enrolling"
    RECOGNISE = "Recognising"
    VERIFY = "Verifying"
    GROUP = "Group picture"
    WITHDRAW = "Withdrawing"


Told = Callable[[Act, int, int], None]
"""(act, steps done, steps in all): called as the story goes on."""


@dataclass(frozen=True, slots=True)
class Stage:
    """Where the story is told: the home, what shows that people agreed, and what it may ask."""

    home: Home
    evidence_sha256: str
    wrapped_key: WrappedKey
    watch: Watch
    told: Told


def tell(stage: Stage, volunteers: Sequence[Volunteer]) -> DemoResult:
    """Tell the whole story, in an empty home that is used for nothing else.

    Raises ChisoError(DATA_MISSING) where there are too few people; whatever a use case raises.
    """
    begun_s = stage.watch()
    parts = cast(volunteers)
    stage.home.engine()
    loading_s = stage.watch() - begun_s
    enrolments = _enrol(stage, parts)
    known = frozenset(each.volunteer for each in enrolments if each.refusal is None)
    shown = _recognise(stage, parts, known)
    verifications = _verify(stage, parts, known)
    scene = _show_picture(stage, parts, known)
    other_purpose = _refused(lambda: prepare_search(stage.home, OTHER_PURPOSE))
    withdrawal = _withdraw(stage, parts.withdraws)
    return DemoResult(
        parts,
        enrolments,
        shown,
        verifications,
        other_purpose,
        scene,
        withdrawal,
        log_check.verify(stage.home),
        log_checkpoints.checkpoint(stage.home),
        prepare_search(stage.home, PURPOSE).record,
        loading_s,
        stage.watch() - begun_s,
    )


def _enrol(stage: Stage, parts: Cast) -> tuple[Enrolment, ...]:
    done = []
    expires = stage.home.clock.now() + timedelta(days=CONSENT_DAYS)
    for count, volunteer in enumerate(parts.enrolled, start=1):
        agreement = Agreement(
            subject=volunteer.label,
            purpose=PURPOSE,
            modes=frozenset(Mode),
            expires=expires,
            evidence_sha256=stage.evidence_sha256,
        )
        begun_s = stage.watch()
        answer = enrol(stage.home, agreement, [volunteer.reference])
        refusal = answer.refusal if isinstance(answer, PhotoRefused) else None
        done.append(Enrolment(volunteer, refusal, stage.watch() - begun_s))
        stage.told(Act.ENROL, count, len(parts.enrolled))
    if any(each.volunteer == parts.withdraws and each.refusal for each in done):
        raise ChisoError(
            Code.DATA_MISSING,
            f"The first photo of {parts.withdraws.label}, who is to withdraw, cannot be enrolled.",
            "Use photos of one face each, sharp and from the front.",
        )
    return tuple(done)


def _recognise(stage: Stage, parts: Cast, known: frozenset[Volunteer]) -> tuple[Recognition, ...]:
    prepared = prepare_search(stage.home, PURPOSE)
    shown = []
    for count, each in enumerate(parts.everyone, start=1):
        shown.append(recognise(stage.home, each, each in known, prepared, stage.watch))
        stage.told(Act.RECOGNISE, count, len(parts.everyone))
    return tuple(shown)


def _verify(stage: Stage, parts: Cast, known: frozenset[Volunteer]) -> tuple[Verification, ...]:
    claims = [claim for claim in parts.claims if claim.claimed in known]
    done = []
    for count, claim in enumerate(claims, start=1):
        begun_s = stage.watch()
        answer = verify(stage.home, claim.claimed.label, claim.probe.probe.content, PURPOSE)
        done.append(Verification(claim, answer, stage.watch() - begun_s))
        stage.told(Act.VERIFY, count, len(claims))
    return tuple(done)


def _show_picture(stage: Stage, parts: Cast, known: frozenset[Volunteer]) -> GroupScene:
    stage.told(Act.GROUP, 0, 1)
    decoder = stage.home.engine().decoder
    portraits = [(each, decoder.decode(each.probe.content)) for each in parts.in_picture]
    usable = [(each, its) for each, its in portraits if isinstance(its, BiometricSample)]
    picture = compose([sample.pixels for _, sample in usable])
    prepared = prepare_search(stage.home, PURPOSE)
    begun_s = stage.watch()
    found = identify(stage.home, picture.content, prepared)
    elapsed_s = stage.watch() - begun_s
    faces = [] if isinstance(found, Refusal) else found
    placed = _placed(faces, picture)
    people = tuple(
        Recognition(each, each in known, face, face.refusal if face else None, 0.0)
        for (each, _), face in zip(usable, placed, strict=True)
    )
    elsewhere = tuple(face for face in faces if not any(face is each for each in placed))
    stage.told(Act.GROUP, 1, 1)
    return GroupScene(picture, people, elsewhere, elapsed_s)


def _placed(faces: Sequence[FaceAnswer], picture: GroupPicture) -> list[FaceAnswer | None]:
    """The face nearest to the middle of each portrait; None where none is near it."""
    nearest: list[FaceAnswer | None] = []
    for place in picture.places:
        by_distance = sorted((_distance_px(face, place), n) for n, face in enumerate(faces))
        is_near = bool(by_distance) and by_distance[0][0] <= _PLACE_TOLERANCE * place.width
        nearest.append(faces[by_distance[0][1]] if is_near else None)
    return nearest


def _distance_px(face: FaceAnswer, place: Box) -> float:
    box = face.face.face.box
    across = box.x + box.width / 2 - place.x - place.width / 2
    down = box.y + box.height / 2 - place.y - place.height / 2
    return float((across**2 + down**2) ** 0.5)


def _withdraw(stage: Stage, person: Volunteer) -> Withdrawal:
    home = stage.home
    stage.told(Act.WITHDRAW, 0, 3)
    prepared = prepare_search(home, PURPOSE)
    before = recognise(home, person, True, prepared, stage.watch)
    traces, template = traces_of(home, person, prepared, stage.wrapped_key)
    files = files_of(home.path)
    found_before = [trace.found_in(files) for trace in traces]
    likeness_before = closest_likeness(template, list(files.values()))
    stage.told(Act.WITHDRAW, 1, 3)

    begun_s = stage.watch()
    certificate = withdraw(home, person.label)
    elapsed_s = stage.watch() - begun_s
    stage.told(Act.WITHDRAW, 2, 3)

    after = recognise(home, person, False, prepare_search(home, PURPOSE), stage.watch)
    refused = _refused(lambda: verify(home, person.label, person.probe.content, PURPOSE))
    files = files_of(home.path)  # after all of that: showing a face again must leave nothing
    sightings = tuple(
        Sighting(
            trace.what,
            len(trace.content),
            trace.stored,
            len(trace.pieces()),
            count,
            trace.found_in(files),
        )
        for trace, count in zip(traces, found_before, strict=True)
    )
    likeness_after = closest_likeness(template, list(files.values()))
    stage.told(Act.WITHDRAW, 3, 3)
    return Withdrawal(
        before,
        after,
        refused,
        certificate,
        sightings,
        likeness_before,
        likeness_after,
        len(files),
        sum(len(content) for content in files.values()),
        elapsed_s,
    )


def _refused(ask: Callable[[], object]) -> Code | None:
    """The consent code with which something is refused; None where it is not."""
    try:
        ask()
    except ChisoError as error:
        if error.kind is Kind.CONSENT:
            return error.code
        raise
    return None
