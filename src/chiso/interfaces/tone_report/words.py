"""What a tone audit found out, in the words that its terminal summary and its page share."""

from __future__ import annotations

from collections.abc import Sequence
from math import isfinite

from chiso.evaluate.tone import (
    Difference,
    Stage,
    ToneResult,
    nothing_seen_bound,
    people_needed,
)
from chiso.evaluate.tone_verdict import (
    MIN_PEOPLE,
    Doubt,
    MeasureVerdict,
    Outcome,
    StageVerdict,
)
from chiso.interfaces.tone_report.names import (
    interval_text,
    margin_text,
    name_of,
    signed_text,
    size_text,
    value_text,
)
from chiso.services.tone_audit import measures as of
from chiso.services.tone_audit.audit import ToneAudit
from chiso.services.tone_audit.design import AUDIT_TONES, FULL_CAPTURES, FULL_PEOPLE

OUTCOMES = {
    Outcome.NONE: "no difference found",
    Outcome.DIFFERENCE: "a difference",
    Outcome.CANNOT_TELL: "cannot tell",
}

RULE = (
    "Each measure has a smallest difference that matters, its margin: an absolute size, whatever "
    "the level. All were fixed, by a rule, before anything was measured, but that of the false "
    "match rate: it is smaller since the first audit, where it was as large as the rate. Tone "
    "by tone, a person is compared with herself at tone 5, in the "
    "same captures. The intervals are simultaneous: in 95 % of such audits those of all nine "
    "tones hold the truth together. It is “a difference” if at some tone the interval leaves out "
    "zero and the difference is at least the margin; “no difference found” if at every tone the "
    "interval lies within the margin on both sides; else “cannot tell”. A rate is cleared only if"
    " as many people without a single event would bound it within the margin too. A stage differs"
    " if one of its measures does, and is cleared only if all are. Intervals are simultaneous "
    "over tones, not over measures. Nothing is concluded from a tone at which fewer than "
    f"{MIN_PEOPLE} people can be compared."
)

CAN_SHOW = (
    (
        "What skin tone alone does to this detector, these limits and this model: the same bones, "
        "hair, light, camera and moment, with nothing changed but the skin’s colour."
    ),
    (
        "At which stage it happens, and how large it is beside what already differs between two "
        "photos of one person."
    ),
    (
        "That an effect exists. A difference found here cannot be blamed on other people, other "
        "light or other cameras."
    ),
)
CANNOT_SHOW = (
    (
        "That there is no difference among real people. Dark skin in a render is a model of dark "
        "skin; features, hair and habits of photography that go together with skin tone in life "
        "are cut loose from it here, on purpose."
    ),
    (
        "Error rates to expect in use. Rendered people are more alike, or less, than real ones; "
        "the levels are good for comparing tones, not for promising a rate."
    ),
    "What ethnicity, sex or age do. A tone is not a people.",
    (
        "Anything about captures other than those used: they are a fixed design, and the intervals "
        "speak about people only."
    ),
    (
        "What a camera that meters faces does. All tones share one exposure, metered on the light "
        "and not on the face, as on a camera set by hand; one that meters the face would do better "
        "on dark ones."
    ),
)


def headline(audit: ToneAudit) -> str:
    """The whole audit in one sentence."""
    differing = [each.stage.value for each in audit.stages if each.outcome is Outcome.DIFFERENCE]
    open_still = [each.stage.value for each in audit.stages if each.outcome is Outcome.CANNOT_TELL]
    if differing:
        many = "one" if len(differing) == 1 else str(len(differing))
        return (
            f"Skin tone alone makes a difference at {many} of {len(audit.stages)} stages: "
            f"{_listed(differing)}."
        )
    if open_still:
        return (
            "No difference was shown at any stage; it cannot be ruled out, at the sizes that "
            f"matter, at: {_listed(open_still)}."
        )
    return "No difference was found at any stage, down to the sizes given below."


def trial_warning(people: int, captures: int) -> str:
    """What to say of an audit smaller than it should be."""
    return (
        f"A trial: {people} people in {captures} captures. An audit takes {FULL_PEOPLE} people in "
        f"{FULL_CAPTURES} captures or more."
    )


def stage_sentence(verdict: StageVerdict) -> str:
    """A stage's verdict in one plain sentence or two, without its name."""
    if not verdict.measures:
        return _nothing_measured(verdict.stage)
    first = verdict.measures[0]
    if verdict.outcome is Outcome.NONE:
        sizes = [
            f"{name_of(each.name).title.lower()}: {_margin(each)}" for each in verdict.measures
        ]
        return f"No difference found larger than these ({'; '.join(sizes)})."
    if verdict.outcome is Outcome.DIFFERENCE:
        more = [
            f"{_small(each)} differs too"
            for each in verdict.measures[1:]
            if each.outcome is Outcome.DIFFERENCE
        ]
        return f"{measure_sentence(first)}{_also(more)}"
    return measure_sentence(first)


def measure_sentence(verdict: MeasureVerdict) -> str:
    """One measure's verdict in a plain sentence."""
    name = name_of(verdict.name)
    what = f"{name.title}:"
    largest = verdict.largest
    if largest is None or verdict.doubt is Doubt.UNMEASURED:
        return f"{what} cannot tell; at some tone there was nothing to measure."
    if verdict.outcome is Outcome.DIFFERENCE:
        more_or_less = "more" if largest.value > 0 else "less"
        return (
            f"{what} {size_text(largest.value, name.unit)} {more_or_less} at tone {largest.tone} "
            f"than at tone {AUDIT_TONES.base} ({_span(verdict, largest)})."
        )
    if verdict.outcome is Outcome.NONE:
        return f"{what} no difference found larger than {_margin(verdict)}."
    if verdict.doubt is Doubt.FEW_PEOPLE:
        return f"{what} cannot tell; fewer than {MIN_PEOPLE} people compared say too little."
    if verdict.doubt is Doubt.RARE and verdict.ruled_out is not None:
        seen = "no difference was seen" if not largest.differing else "little difference was seen"
        return (
            f"{what} cannot tell; {seen}, but so few people leave "
            f"{size_text(verdict.ruled_out, name.unit)} open. {people_needed(verdict.margin)} "
            f"people without any would rule out {_margin(verdict)}."
        )
    if verdict.doubt is Doubt.SMALL:
        return (
            f"{what} cannot tell; every interval lies within {_margin(verdict)}, but so few people "
            f"do not clear a rate: that takes {people_needed(verdict.margin)}."
        )
    return (
        f"{what} cannot tell; at tone {largest.tone} the interval ({_span(verdict, largest)}) "
        f"does not settle whether there is a difference of {_margin(verdict)}."
    )


def moved_sentence(audit: ToneAudit) -> str:
    """How far a face moves when only its tone changes, beside what else moves it."""
    moved, same, different = (
        audit.result(each) for each in (of.MOVED_ANGLE, of.SAME_ANGLE, of.DIFFERENT_ANGLE)
    )
    if moved is None or same is None or different is None:
        return ""
    told = [each for each in moved.levels if isfinite(each.value)]
    base = AUDIT_TONES.base_index
    if not told or not isfinite(same.levels[base].value):
        return "How far tone alone moves a face could not be measured."
    farthest = max(told, key=lambda each: each.value)
    unit = name_of(of.MOVED_ANGLE).unit
    herself, another = (value_text(each.levels[base].value, unit) for each in (same, different))
    return (
        f"When only her tone changes from {AUDIT_TONES.base} to {farthest.tone}, a face moves "
        f"{value_text(farthest.value, unit)} ({interval_text(farthest.interval, unit)}). Two "
        f"photos of one person at tone {AUDIT_TONES.base} are {herself} apart, two people "
        f"{another}."
    )


def pooled_sentence(audit: ToneAudit) -> str:
    """Whether different tones keep people apart."""
    pooled = audit.pooled
    if pooled is None:
        return ""
    unit = name_of(of.FMR).unit
    return (
        f"Over all tones together, {value_text(pooled.same_tone, unit)} of "
        f"{pooled.same_comparisons:,} comparisons between different people at one tone are false "
        f"matches ({interval_text(pooled.same_interval, unit)}), and "
        f"{value_text(pooled.different_tones, unit)} of {pooled.different_comparisons:,} between "
        f"people at two tones ({interval_text(pooled.different_interval, unit)}): a difference of "
        f"{signed_text(pooled.difference, unit)} points "
        f"({interval_text(pooled.difference_interval, unit)})."
    )


def figure_text(result: ToneResult) -> str:
    """A figure’s content in words: its lowest and its highest tone."""
    name = name_of(result.name)
    told = [each for each in result.levels if isfinite(each.value)]
    if not told:
        return f"{name.title}: nothing was measured."
    low, high = (pick(told, key=lambda each: each.value) for pick in (min, max))
    if low.value == high.value:
        return f"{name.title}: {value_text(low.value, name.unit)} at every tone."
    return (
        f"{name.title}: from {value_text(low.value, name.unit)} at tone {low.tone} to "
        f"{value_text(high.value, name.unit)} at tone {high.tone}."
    )


def unseen_remark(people: int) -> str:
    """What no event among so many people leaves open."""
    return (
        f"An event seen in none of {people} people may still happen in up to "
        f"{100 * nothing_seen_bound(people):.1f} % (Wilson, 95 %, counting people)."
    )


def _nothing_measured(stage: Stage) -> str:
    if stage is Stage.DECIDE:
        return (
            "Cannot tell: there is no threshold record for this model, so nothing was decided. "
            "Fit one with `chiso threshold fit` in a home, and name that with --home."
        )
    return "Cannot tell: too few faces got this far."


def _margin(verdict: MeasureVerdict) -> str:
    return margin_text(verdict.margin, name_of(verdict.name).unit)


def _small(verdict: MeasureVerdict) -> str:
    return name_of(verdict.name).title.lower()


def _span(verdict: MeasureVerdict, difference: Difference) -> str:
    unit = name_of(verdict.name).unit
    low, high = difference.simultaneous
    return f"{signed_text(low, unit)} to {signed_text(high, unit)}"


def _listed(words: Sequence[str]) -> str:
    *most, last = words
    return f"{', '.join(most)} and {last}" if most else last


def _also(sentences: Sequence[str]) -> str:
    return f" Also: {'; '.join(sentences)}." if sentences else ""
