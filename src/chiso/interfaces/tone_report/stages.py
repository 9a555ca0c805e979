"""What the page shows of each stage: its figures and its tables."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from math import isfinite

from markupsafe import Markup

from chiso.core.settings import CaptureSettings
from chiso.evaluate.tone import Stage, ToneResult, measures_of
from chiso.evaluate.tone_verdict import MeasureVerdict, StageVerdict
from chiso.interfaces.tone_report import words
from chiso.interfaces.tone_report.figures import Line, Plot, Point, Series, draw, series_key
from chiso.interfaces.tone_report.names import (
    STAGE_QUESTIONS,
    STAGE_TITLES,
    interval_text,
    margin_text,
    name_of,
    signed_text,
    value_text,
)
from chiso.services.tone_audit import measures as of
from chiso.services.tone_audit.audit import ToneAudit
from chiso.services.tone_audit.design import AUDIT_TONES

_LIMIT_OF = {
    "sharpness": "min_sharpness",
    "contrast_levels": "min_contrast_levels",
    "clipped_ratio": "max_clipped_ratio",
    "inter_eye_px": "min_inter_eye_px",
}
_LEVEL_FIGURES: dict[Stage, tuple[tuple[str, ...], ...]] = {
    Stage.DETECT: ((of.DETECTION_RATE,), (of.LANDMARK_ERROR,), (of.CONFIDENCE,)),
    Stage.QUALITY: (
        (of.PROBE_REFUSED, of.ENROLMENT_REFUSED),
        ("contrast_levels",),
        ("sharpness",),
        ("clipped_ratio",),
    ),
    Stage.EMBED: ((of.MOVED_ANGLE, of.SAME_ANGLE), (of.SAME_ANGLE, of.DIFFERENT_ANGLE)),
    Stage.DECIDE: ((of.FMR, of.FMR_ACROSS), (of.FNMR, of.FNMR_ACROSS)),
}
_FIGURE_TITLES: dict[tuple[str, ...], str] = {
    (of.PROBE_REFUSED, of.ENROLMENT_REFUSED): "Refused by quality",
    (of.SAME_ANGLE, of.DIFFERENT_ANGLE): "Angle between templates",
    (of.MOVED_ANGLE, of.SAME_ANGLE): "Moved by tone alone",
    (of.FMR, of.FMR_ACROSS): "False matches",
    (of.FNMR, of.FNMR_ACROSS): "False non-matches",
}
_SHORT = {
    of.MOVED_ANGLE: "same photo, at tone 5 and at this tone",
    of.SAME_ANGLE: "herself, in another photo",
    of.DIFFERENT_ANGLE: "someone else",
    of.PROBE_REFUSED: "when shown",
    of.ENROLMENT_REFUSED: "at enrolment",
    of.FMR: "both photos at this tone",
    of.FMR_ACROSS: "the other photo at tone 5",
    of.FNMR: "both photos at this tone",
    of.FNMR_ACROSS: "the other photo at tone 5",
}


@dataclass(frozen=True, slots=True)
class Figure:
    """A figure: its title, a line about it, a legend of (mark, label), and words for it.

    `svg` is None where there is nothing to draw, which the words say.
    """

    title: str
    about: str
    svg: Markup | None
    legend: tuple[tuple[Markup, str], ...]
    text: str


@dataclass(frozen=True, slots=True)
class Cell:
    """A table's cell: the value, its interval, and its counts or nothing."""

    value: str
    interval: str
    counts: str


@dataclass(frozen=True, slots=True)
class Row:
    """A measure's row: one cell a tone; None where nothing is compared."""

    title: str
    about: str
    cells: tuple[Cell | None, ...]


@dataclass(frozen=True, slots=True)
class StageView:
    """A stage as the page shows it."""

    title: str
    question: str
    verdict: StageVerdict
    sentence: str
    measures: tuple[tuple[MeasureVerdict, str], ...]
    figures: tuple[Figure, ...]
    levels: tuple[Row, ...]
    differences: tuple[Row, ...]


def stage_view(audit: ToneAudit, verdict: StageVerdict) -> StageView:
    """Everything about one stage."""
    results = measures_of(audit.results, verdict.stage)
    return StageView(
        title=STAGE_TITLES[verdict.stage],
        question=STAGE_QUESTIONS[verdict.stage],
        verdict=verdict,
        sentence=words.stage_sentence(verdict),
        measures=tuple((each, words.measure_sentence(each)) for each in verdict.measures),
        figures=_figures(audit, verdict.stage, results),
        levels=tuple(_level_row(each) for each in results),
        differences=tuple(_difference_row(each) for each in results if each.differences),
    )


def _figures(audit: ToneAudit, stage: Stage, results: Sequence[ToneResult]) -> tuple[Figure, ...]:
    """Each figure of levels, followed by the differences of what a verdict rests on in it."""
    by_name = {each.name: each for each in results}
    figures: list[Figure] = []
    drawn: set[str] = set()
    for names in _LEVEL_FIGURES[stage]:
        known = [by_name[name] for name in names if name in by_name]
        if not known:
            continue
        figures.append(_level_figure(known, audit.probed.capture))
        for each in known:
            if each.name not in drawn and each.margin is not None:
                figures.append(_difference_figure(each))
                drawn.add(each.name)
    return tuple(figures)


def _level_figure(results: Sequence[ToneResult], capture: CaptureSettings) -> Figure:
    names = tuple(each.name for each in results)
    first = name_of(names[0])
    several = len(results) > 1
    plot = Plot(
        ident=f"level-{'-'.join(names)}",
        title=_FIGURE_TITLES.get(names, first.title),
        text=" ".join(words.figure_text(each) for each in results),
        unit=first.unit,
        series=tuple(
            Series(
                _SHORT.get(each.name, ""),
                tuple(Point(level.tone, level.value, level.interval) for level in each.levels),
            )
            for each in results
        ),
        limits=() if several else _limits(names[0], capture),
        from_zero=results[0].is_rate and names[0] != of.DETECTION_RATE,
    )
    about = "Mean and 95 % interval over people." if several else f"{first.about} 95 % intervals."
    return _figure(plot, about)


def _difference_figure(result: ToneResult) -> Figure:
    name = name_of(result.name)
    margin = "" if result.margin is None else margin_text(result.margin, name.unit)
    if not any(each.differing for each in result.differences):
        return _no_difference(name.title)
    told = max(
        (each for each in result.differences if isfinite(each.value)),
        key=lambda each: abs(each.value),
    )
    text = (
        f"Largest difference from tone {AUDIT_TONES.base}: {signed_text(told.value, name.unit)} at "
        f"tone {told.tone}, interval {interval_text(told.simultaneous, name.unit)}."
    )
    plot = Plot(
        ident=f"difference-{result.name}",
        title=f"{name.title}: difference from tone {AUDIT_TONES.base}",
        text=text,
        unit=name.unit,
        series=(
            Series(
                "",
                tuple(
                    Point(each.tone, each.value, each.simultaneous) for each in result.differences
                ),
            ),
        ),
        margin=result.margin,
    )
    return _figure(plot, f"Simultaneous 95 % intervals. Shaded: up to {margin} does not matter.")


def _no_difference(title: str) -> Figure:
    return Figure(
        f"{title}: difference from tone {AUDIT_TONES.base}",
        "",
        None,
        (),
        f"Nothing to draw: nobody differed from herself at tone {AUDIT_TONES.base}, at any tone.",
    )


def _figure(plot: Plot, about: str) -> Figure:
    legend = tuple(
        (series_key(index), series.label)
        for index, series in enumerate(plot.series)
        if series.label
    )
    svg = draw(plot, AUDIT_TONES.numbers)
    return Figure(plot.title, about, svg, legend if len(plot.series) > 1 else (), plot.text)


def _limits(measure: str, capture: CaptureSettings) -> tuple[Line, ...]:
    limit = _LIMIT_OF.get(measure)
    if limit is None:
        return ()
    probe, enrolment = (float(getattr(each, limit)) for each in (capture.probe, capture.enrolment))
    if probe == enrolment:
        return (Line("limit", probe),)
    return Line("limit when shown", probe), Line("limit at enrolment", enrolment)


def _level_row(result: ToneResult) -> Row:
    name = name_of(result.name)
    cells = tuple(
        Cell(
            value_text(level.value, name.unit),
            interval_text(level.interval, name.unit),
            f"{level.events:,} of {level.trials:,}" if level.events is not None else "",
        )
        if level.trials
        else None
        for level in result.levels
    )
    return Row(name.title, name.about, cells)


def _difference_row(result: ToneResult) -> Row:
    name = name_of(result.name)
    by_tone = {each.tone: each for each in result.differences}
    cells = tuple(
        Cell(
            signed_text(by_tone[tone].value, name.unit),
            interval_text(by_tone[tone].simultaneous, name.unit),
            "",
        )
        if tone in by_tone
        else None
        for tone in AUDIT_TONES.numbers
    )
    margin = "" if result.margin is None else f"margin {margin_text(result.margin, name.unit)}"
    return Row(name.title, margin, cells)


def limits_rows(capture: CaptureSettings) -> tuple[tuple[str, str, str], ...]:
    """Quality limits by name: when shown, at enrolment."""
    return tuple(
        (
            each.name,
            f"{getattr(capture.probe, each.name):g}",
            f"{getattr(capture.enrolment, each.name):g}",
        )
        for each in fields(capture.probe)
    )
