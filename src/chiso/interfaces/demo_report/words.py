"""What the demo found out, in the words that its terminal summary and its page share."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median

from chiso.evaluate.fit import MIN_PEOPLE_IN_GROUP
from chiso.evaluate.intervals import wilson_by_people
from chiso.services.demo.cast import Claim
from chiso.services.demo.errors import GroupErrors
from chiso.services.demo.recognition import Recognition
from chiso.services.demo.results import DemoResult, Verification, Withdrawal
from chiso.services.demo.story import OTHER_PURPOSE

WILL_NOT_DO = (
    "recognise people who did not enrol",
    "watch live streams of a public place",
    "follow a person from camera to camera",
    "guess ethnicity, sex, age or emotion from a face",
    "fetch faces from the web",
    "send a template or a photo anywhere",
)


@dataclass(frozen=True, slots=True)
class Finding:
    """One line of the story: what, how many (or how it went), and a remark."""

    what: str
    count: str
    remark: str
    is_right: bool


@dataclass(frozen=True, slots=True)
class Timing:
    """How long one thing took: how often it was done, its median, its slowest."""

    what: str
    times: int
    median_ms: float
    slowest_ms: float


def of(part: int, whole: int) -> str:
    """`40 of 40`."""
    return f"{part} of {whole}"


def percent(ratio: float) -> str:
    """`8.8 %`; whole numbers without a decimal."""
    return f"{100 * ratio:.1f}".removesuffix(".0") + " %"


def interval(both: tuple[float, float]) -> str:
    """`0–8.8 %`."""
    low, high = both
    return f"{percent(low).removesuffix(' %')}–{percent(high)}"


def milliseconds(elapsed_ms: float) -> str:
    """`84 ms`, and from a second on `1.2 s`."""
    return f"{elapsed_ms:.0f} ms" if elapsed_ms < 1000 else f"{elapsed_ms / 1000:.1f} s"


def group_name(group: str) -> str:
    """A self-report as a person would write it: `east_asian/white` is `east Asian / white`."""
    return group.replace("_", " ").replace("asian", "Asian").replace("/", " / ")


def findings(result: DemoResult) -> tuple[Finding, ...]:
    """The story in lines, in its order."""
    enrolled = sum(each.refusal is None for each in result.enrolments)
    found = sum(each.is_found for each in result.enrolled_shown)
    unknown = sum(each.is_unknown for each in result.strangers_shown)
    return (
        Finding(
            "enrolled",
            of(enrolled, len(result.enrolments)),
            "a signed receipt and a key each",
            enrolled == len(result.enrolments),
        ),
        Finding(
            "found",
            of(found, len(result.enrolled_shown)),
            "enrolled people, on their second photo",
            all(each.is_right for each in result.enrolled_shown),
        ),
        Finding(
            "unknown",
            of(unknown, len(result.strangers_shown)),
            "strangers; nothing was kept of them",
            all(each.is_right for each in result.strangers_shown),
        ),
        _claims("accepted", "who said who they are", result.verifications, True),
        _claims("turned down", "who said they are someone else", result.verifications, False),
        _picture(result),
        Finding(
            "other purpose",
            "refused" if result.other_purpose_refused else "NOT refused",
            f"nobody agreed to a search for “{OTHER_PURPOSE}”",
            result.other_purpose_refused is not None,
        ),
        _withdrawal(result.withdrawal),
        Finding(
            "log",
            "verifies",
            f"{result.log.size} leaves, {result.log.payloads_destroyed} emptied by withdrawing",
            True,
        ),
    )


def timings(result: DemoResult) -> tuple[Timing, ...]:
    """How long each thing took, as the caller waits for it: log and disk included."""
    return (
        _timing("loading the models", [result.loading_s]),
        _timing("enrolling one photo", [each.elapsed_s for each in result.enrolments]),
        _timing("recognising one photo", [each.elapsed_s for each in result.shown]),
        _timing("verifying one photo", [each.elapsed_s for each in result.verifications]),
        _timing("the group picture", [result.scene.elapsed_s]),
        _timing("withdrawing", [result.withdrawal.elapsed_s]),
    )


def parity(groups: Sequence[GroupErrors]) -> str:
    """What these counts can say about being right equally often: with few people, not much."""
    named = groups[1:]
    if not named:
        return "Nobody's group was reported, so nothing can be said about groups."
    sizes = [each.people for each in named if each.people >= MIN_PEOPLE_IN_GROUP]
    fewest = min(sizes or [each.people for each in named])
    upper = percent(wilson_by_people(0.0, fewest)[1])
    people = "1 person" if fewest == 1 else f"{fewest} people"
    return (
        "Is everyone recognised equally well? Undecided: the groups are small. Among "
        f"{people}, not one error still leaves a rate of up to {upper} possible."
    )


def answer_about(recognition: Recognition) -> str:
    """The answer as a caption: a name, or what stands in for one."""
    if recognition.names:
        return ", ".join(recognition.names)
    if recognition.is_unknown:
        return "unknown"
    return "not searched" if recognition.answer else "no face found"


def claim_in_words(claim: Claim) -> str:
    """Who says what."""
    who = "the same person" if claim.is_true else claim.probe.label
    return f"“I am {claim.claimed.label}”, says {who}"


def _claims(what: str, who: str, verifications: Sequence[Verification], is_true: bool) -> Finding:
    such = [each for each in verifications if each.claim.is_true == is_true]
    right = sum(each.is_right for each in such)
    return Finding(what, of(right, len(such)), who, right == len(such))


def _picture(result: DemoResult) -> Finding:
    people = result.scene.people
    named = sum(bool(each.names) for each in people)
    unknown = sum(each.is_unknown for each in people)
    return Finding(
        "group picture",
        of(result.scene.right, len(people)),
        f"answered rightly: {named} named, {unknown} unknown",
        result.scene.right == len(people),
    )


def _withdrawal(withdrawal: Withdrawal) -> Finding:
    pieces = sum(each.pieces for each in withdrawal.sightings)
    is_right = (
        withdrawal.before.is_found
        and withdrawal.after.is_unknown
        and withdrawal.claim_refused is not None
        and all(each.is_right for each in withdrawal.sightings)
    )
    return Finding(
        "withdrew",
        withdrawal.before.volunteer.label,
        f"unknown now; {of(withdrawal.traces_left, pieces)} traces in {withdrawal.files} files"
        if withdrawal.after.is_unknown
        else "still recognised",
        is_right,
    )


def _timing(what: str, seconds: Sequence[float]) -> Timing:
    inner = [1000 * each for each in seconds] or [0.0]
    return Timing(what, len(seconds), median(inner), max(inner))
