"""What in a demo did not go as it should: one sentence each, none if all went well."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from chiso.core.samples import Refusal
from chiso.evaluate.findings import EVERYONE
from chiso.services.demo.recognition import Recognition
from chiso.services.demo.results import DemoResult, Verification, Withdrawal
from chiso.services.demo.traces import SAME_TEMPLATE


def unexpected(result: DemoResult, *, recogniser: bool = True) -> tuple[str, ...]:
    """Every departure from what should have happened. A broken log never gets here: it raises.

    Without `recogniser`, what it gets wrong is counted and is no departure: rendered faces are not
    what its threshold was fitted on. With it, neither are as many misses as the threshold record
    itself foresees among this many references (the upper end of its interval): they are the stated
    price of few false matches. A wrong name always is.
    """
    return (
        *(_enrolments(result) if recogniser else ()),
        *(_recognitions("", _unforeseen(result)) if recogniser else ()),
        *(_verifications(result.verifications) if recogniser else ()),
        *(_recognitions("In the group picture, ", result.scene.people) if recogniser else ()),
        *_group_extras(result),
        *_purposes(result),
        *_withdrawal(result.withdrawal, recogniser),
    )


def _enrolments(result: DemoResult) -> Iterator[str]:
    for each in result.enrolments:
        if each.refusal is not None:
            yield f"{each.volunteer.label} could not be enrolled: {each.refusal.message}"


def _unforeseen(result: DemoResult) -> Sequence[Recognition]:
    """What was shown, less the misses of enrolled people where the record foresees as many."""
    missed = sum(each.is_unknown for each in result.enrolled_shown)
    levels = result.threshold.at_scale
    enrolled = sum(each.refusal is None for each in result.enrolments)
    level = next((each for each in levels if each.references >= enrolled), None)
    if level is None:
        return result.shown
    _, most = next(each.interval for each in level.misses if each.group == EVERYONE)
    if missed > most * len(result.enrolled_shown):
        return result.shown
    return [each for each in result.shown if not (each.is_enrolled and each.is_unknown)]


def _recognitions(where: str, shown: Sequence[Recognition]) -> Iterator[str]:
    for each in shown:
        if not each.is_right:
            yield f"{where}{_what_happened(each)}"


def _what_happened(each: Recognition) -> str:
    who = each.volunteer.label
    if not each.is_searched:
        why = each.refusal.message if each.refusal else "No face was found."
        return f"{who} could not be searched for: {why}"
    if each.is_misnamed:
        others = ", ".join(name for name in each.names if name != who)
        return f"{who} was called {others}."
    return f"{who}, who is enrolled, was not recognised."


def _verifications(verifications: Sequence[Verification]) -> Iterator[str]:
    for each in verifications:
        who, claimed = each.claim.probe.label, each.claim.claimed.label
        if isinstance(each.answer, Refusal):
            yield f"{who} could not be compared with {claimed}: {each.answer.message}"
        elif not each.is_right and each.claim.is_true:
            yield f"{who} was not accepted as {claimed}."
        elif not each.is_right:
            yield f"{who} was accepted as {claimed}."


def _group_extras(result: DemoResult) -> Iterator[str]:
    for face in result.scene.elsewhere:
        if face.candidates:
            yield f"In the group picture, {face.candidates[0].label} was seen where nobody is."


def _purposes(result: DemoResult) -> Iterator[str]:
    if result.other_purpose_refused is None:
        yield "A search for a purpose that nobody agreed to was not refused."


def _withdrawal(withdrawal: Withdrawal, recogniser: bool) -> Iterator[str]:
    label = withdrawal.before.volunteer.label
    if recogniser and not withdrawal.before.is_found:
        yield f"{label} was not recognised before withdrawing."
    if not withdrawal.after.is_unknown:
        yield f"{label} was not unknown after withdrawing."
    if withdrawal.claim_refused is None:
        yield f"Somebody could still be verified as {label} after the withdrawal."
    for each in withdrawal.sightings:
        if each.after:
            yield f"The {each.what} of {label} is still in the home's files."
        elif not each.is_right:
            yield f"The {each.what} of {label} was not where it should be before the withdrawal."
    if max(withdrawal.likeness_before, withdrawal.likeness_after) >= SAME_TEMPLATE:
        yield f"Numbers like the template of {label} are in the home's files."
