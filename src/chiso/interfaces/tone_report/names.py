"""What each measure of a tone audit is called, and how its values are written."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from math import isfinite

from chiso.core.errors import Code
from chiso.evaluate.tone import Stage
from chiso.services.tone_audit import measures as of


class Unit(Enum):
    """How a measure's values are written: a factor, decimals, and what follows."""

    RATE = (100.0, 1, " %", " points")
    RARE_RATE = (100.0, 2, " %", " points")
    SHARE = (100.0, 1, " %", " % of the eye distance")
    SCORE = (1.0, 3, "", "")
    ANGLE = (1.0, 1, "°", "°")
    LEVELS = (1.0, 1, "", " levels")
    PIXELS = (1.0, 1, " px", " px")


@dataclass(frozen=True, slots=True)
class Name:
    """A measure's title, how its values are written, and one sentence about it."""

    title: str
    unit: Unit
    about: str


_NAMES = {
    of.DETECTION_RATE: Name(
        "Faces found", Unit.RATE, "Share of portraits in which the detector found the face."
    ),
    of.CONFIDENCE: Name(
        "Detector’s confidence", Unit.SCORE, "Mean over faces found; the detector’s own scale."
    ),
    of.LANDMARK_ERROR: Name(
        "Landmark error",
        Unit.SHARE,
        "Mean distance of eyes, nose and mouth from where they are, by the distance of the eyes.",
    ),
    of.EXTRA_FACES: Name(
        "Faces where there is none", Unit.RATE, "Share of portraits with a face too many."
    ),
    of.PROBE_REFUSED: Name(
        "Refused when shown", Unit.RATE, "Share of faces found that may not be compared."
    ),
    of.ENROLMENT_REFUSED: Name(
        "Refused at enrolment", Unit.RATE, "Share of faces found that may not be enrolled."
    ),
    "sharpness": Name("Sharpness", Unit.SCORE, "Fine share of the face’s structure, 0 to 1."),
    "contrast_levels": Name(
        "Contrast", Unit.LEVELS, "From the dark to the light parts of the face, 8-bit levels."
    ),
    "clipped_ratio": Name("Pure black or white", Unit.RATE, "Share of the face that is lost."),
    "inter_eye_px": Name("Distance of the eyes", Unit.PIXELS, "As detected, in the portrait."),
    "yaw_deg": Name("Turn", Unit.ANGLE, "As read off the landmarks; 0 is frontal."),
    "pitch_deg": Name("Nod", Unit.ANGLE, "As read off the landmarks; 0 is frontal."),
    "roll_deg": Name("Lean", Unit.ANGLE, "As read off the landmarks; 0 is upright."),
    of.SAME_ANGLE: Name(
        "Angle to herself",
        Unit.ANGLE,
        "Mean angle between a person’s reference and her probe of another capture.",
    ),
    of.DIFFERENT_ANGLE: Name(
        "Angle to someone else",
        Unit.ANGLE,
        "Mean angle between one’s reference and another’s probe, in different captures.",
    ),
    of.SAME_SCORE: Name("Score with herself", Unit.SCORE, "Higher is more alike."),
    of.DIFFERENT_SCORE: Name("Score with someone else", Unit.SCORE, "Higher is more alike."),
    of.MOVED_ANGLE: Name(
        "Moved by tone alone",
        Unit.ANGLE,
        "Probes of the same person and capture: of this tone, against that of tone 5.",
    ),
    of.SAME_ANGLE_ACROSS: Name(
        "Angle to herself at tone 5",
        Unit.ANGLE,
        "Another capture of the same person, at tone 5; either is the reference.",
    ),
    of.FNMR: Name("False non-match rate", Unit.RATE, "Herself, not recognised; both at one tone."),
    of.FMR: Name("False match rate", Unit.RARE_RATE, "Two people taken for one; both at one tone."),
    of.FNMR_ACROSS: Name(
        "False non-match rate against tone 5",
        Unit.RATE,
        "One photo at this tone, one at tone 5; either is the reference.",
    ),
    of.FMR_ACROSS: Name(
        "False match rate against tone 5",
        Unit.RARE_RATE,
        "One photo at this tone, one at tone 5; either is the reference.",
    ),
}
_REASONS = {
    Code.FACE_TOO_SMALL: "too small",
    Code.TURNED_AWAY: "turned away",
    Code.CLIPPED: "pure black or white",
    Code.LOW_CONTRAST: "too little contrast",
    Code.BLURRED: "blurred",
}
_OCCASIONS = {"probe": "when shown", "enrolment": "at enrolment"}

STAGE_TITLES = {
    Stage.DETECT: "Detect",
    Stage.QUALITY: "Quality",
    Stage.EMBED: "Embed",
    Stage.DECIDE: "Decide",
}
STAGE_QUESTIONS = {
    Stage.DETECT: "Is the face found, and its eyes, nose and mouth placed, at every tone alike?",
    Stage.QUALITY: "Is a face that was found refused more often at some tones?",
    Stage.EMBED: "Do templates keep a person together and people apart at every tone alike?",
    Stage.DECIDE: "Are people taken for each other, or missed, more often at some tones?",
}


def name_of(measure: str) -> Name:
    """Title, unit and meaning of a measure."""
    known = _NAMES.get(measure)
    if known is not None:
        return known
    limits, _, code = measure.partition("-refused:")
    reason = _REASONS[Code(code)]
    return Name(
        f"{_OCCASIONS[limits].capitalize()}: {reason}",
        Unit.RATE,
        "Share of faces found that miss this limit, whatever else they miss.",
    )


def value_text(value: float, unit: Unit) -> str:
    """`97.5 %`, `12.3°`; a dash where there is no value."""
    if not isfinite(value):
        return "–"
    factor, decimals, after, _ = unit.value
    return f"{_number(factor * value, decimals)}{after}"


def interval_text(interval: tuple[float, float], unit: Unit) -> str:
    """`93.0 to 98.9`, without a unit; a dash where there is none."""
    if not all(isfinite(bound) for bound in interval):
        return "–"
    factor, decimals, *_ = unit.value
    low, high = (_number(factor * bound, decimals) for bound in interval)
    return f"{low} to {high}"


def size_text(size: float, unit: Unit) -> str:
    """A difference’s size without its sign: `4.2 points`, `1.3°`."""
    factor, decimals, _, after = unit.value
    return f"{_number(abs(factor * size), decimals)}{after}"


def margin_text(margin: float, unit: Unit) -> str:
    """A margin as it was chosen: `2 points`, `0.05`, `1.2°`."""
    factor, decimals, _, after = unit.value
    text = _number(factor * margin, decimals)
    short = text.rstrip("0").rstrip(".") if "." in text else text
    return f"{short}{after.removesuffix('s') if short == '1' else after}"


def signed_text(value: float, unit: Unit) -> str:
    """A difference: `+4.2`, `−1.3`, without a unit; a dash where there is none."""
    if not isfinite(value):
        return "–"
    factor, decimals, *_ = unit.value
    text = _number(factor * value, decimals)
    return text if text.startswith("−") or not float(text) else f"+{text}"


def _number(value: float, decimals: int) -> str:
    text = f"{value:.{decimals}f}"
    if not float(text):
        text = text.lstrip("-")
    return text.replace("-", "−")
