"""Makes the demo's page: what it shows, as values, poured into one template."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from jinja2 import Environment, PackageLoader, StrictUndefined

from chiso import __version__
from chiso.core.decisions import ThresholdRecord
from chiso.core.samples import Refusal
from chiso.interfaces.demo_report import words
from chiso.interfaces.demo_report.pictures import Decode, Picture, picture
from chiso.interfaces.demo_report.wording import Wording
from chiso.services.demo.errors import GroupErrors, errors_by_group
from chiso.services.demo.recognition import Recognition
from chiso.services.demo.results import DemoResult, Verification
from chiso.services.demo.verdict import unexpected

_CARD_PX = 240
_SCENE_PX = 1680
_TEMPLATE = "report.html.j2"


@dataclass(frozen=True, slots=True)
class FaceBox:
    """A box over a picture. `kind`: known, unknown or refused; it is said in words as well."""

    place: str
    kind: str
    label: str


@dataclass(frozen=True, slots=True)
class Shot:
    """A picture with its boxes and captions."""

    picture: Picture
    alt: str
    boxes: tuple[FaceBox, ...]
    title: str
    remark: str
    is_right: bool


@dataclass(frozen=True, slots=True)
class ClaimRow:
    """One verification as the table shows it."""

    claim: str
    answer: str
    score: str
    is_right: bool


@dataclass(frozen=True, slots=True)
class Page:
    """Everything that the template reads."""

    version: str
    result: DemoResult
    unexpected: tuple[str, ...]
    findings: tuple[words.Finding, ...]
    wording: Wording
    scene: Shot | None
    shots: tuple[Shot, ...]
    claims: tuple[ClaimRow, ...]
    groups: tuple[GroupErrors, ...]
    parity: str
    before: Shot | None
    after: Shot | None
    timings: tuple[words.Timing, ...]
    threshold: ThresholdRecord
    made: str
    will_not_do: Sequence[str]


def render(result: DemoResult, decode: Decode, wording: Wording, made: str) -> str:
    """The page as HTML. `made`: when, as text; `decode`: what reads the photos."""
    environment = Environment(
        loader=PackageLoader("chiso.interfaces.demo_report", "."),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["percent"] = words.percent
    environment.filters["interval"] = words.interval
    environment.filters["ms"] = words.milliseconds
    environment.filters["group_name"] = words.group_name
    page = page_of(result, decode, wording, made)
    return environment.get_template(_TEMPLATE).render(page=page)


def page_of(result: DemoResult, decode: Decode, wording: Wording, made: str) -> Page:
    """What the page shows."""
    groups = errors_by_group(result.shown)
    withdrawal = result.withdrawal
    return Page(
        version=__version__,
        result=result,
        unexpected=unexpected(result, recogniser=wording.errors_fail),
        findings=words.findings(result),
        wording=wording,
        scene=_scene(result, decode),
        shots=tuple(shot for each in result.shown if (shot := _shot(each, decode)) is not None),
        claims=tuple(_claim(each) for each in result.verifications),
        groups=groups,
        parity=words.parity(groups),
        before=_shot(withdrawal.before, decode, "before"),
        after=_shot(withdrawal.after, decode, "after"),
        timings=words.timings(result),
        threshold=result.threshold,
        made=made,
        will_not_do=words.WILL_NOT_DO,
    )


def _shot(shown: Recognition, decode: Decode, when: str = "") -> Shot | None:
    its = picture(shown.volunteer.probe.content, decode, _CARD_PX)
    if its is None:
        return None
    answer = words.answer_about(shown)
    return Shot(
        its,
        f"Second photo of {shown.volunteer.label}, answered: {answer}",
        _boxes(its, [shown]),
        answer,
        when
        or ("enrolled" if shown.is_enrolled else "stranger")
        + f" · {words.milliseconds(1000 * shown.elapsed_s)}",
        shown.is_right,
    )


def _scene(result: DemoResult, decode: Decode) -> Shot | None:
    scene = result.scene
    its = picture(scene.picture.content, decode, _SCENE_PX)
    if its is None:
        return None
    people = len(scene.people)
    return Shot(
        its,
        f"{people} people in three rows; a box around each face, with a name or “unknown”",
        _boxes(its, scene.people),
        "",
        "",
        scene.right == people,
    )


def _boxes(its: Picture, shown: Sequence[Recognition]) -> tuple[FaceBox, ...]:
    return tuple(
        FaceBox(its.place(each.answer.face.face.box), _kind(each), words.answer_about(each))
        for each in shown
        if each.answer is not None
    )


def _kind(shown: Recognition) -> str:
    if shown.names:
        return "known"
    return "unknown" if shown.is_unknown else "refused"


def _claim(done: Verification) -> ClaimRow:
    who = words.claim_in_words(done.claim)
    if isinstance(done.answer, Refusal):
        return ClaimRow(who, f"not compared: {done.answer.message}", "", False)
    verified = done.answer.verified
    answer = "yes" if verified.match else "no"
    return ClaimRow(who, answer, f"{verified.score:.3f}", done.is_right)
