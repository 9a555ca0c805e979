"""Makes the tone audit's page: what it shows, as values, poured into one template."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from jinja2 import Environment, PackageLoader, StrictUndefined

from chiso import __version__
from chiso.capture.decode import decode
from chiso.core.times import to_text
from chiso.evaluate.tone import BOOTSTRAP_DRAWS, FEW_DIFFERING
from chiso.evaluate.tone_verdict import Outcome
from chiso.interfaces.demo_report.pictures import Picture, picture
from chiso.interfaces.tone_report import words
from chiso.interfaces.tone_report.names import margin_text, name_of
from chiso.interfaces.tone_report.stages import StageView, limits_rows, stage_view
from chiso.services.tone_audit.audit import ToneAudit
from chiso.services.tone_audit.design import AUDIT_TONES
from chiso.services.tone_audit.readings import HIT_WITHIN
from chiso.volunteers.monk import swatch_hex
from chiso.volunteers.portraits import Portrait

_TEMPLATE = "report.html.j2"
_SAMPLE_PX = 128
OUTCOME_CLASSES = {
    Outcome.NONE: "none",
    Outcome.DIFFERENCE: "difference",
    Outcome.CANNOT_TELL: "open",
}
OUTCOME_MARKS = {Outcome.NONE: "✓", Outcome.DIFFERENCE: "≠", Outcome.CANNOT_TELL: "?"}


@dataclass(frozen=True, slots=True)
class Sample:
    """One portrait to show."""

    picture: Picture
    tone: int
    swatch: str


@dataclass(frozen=True, slots=True)
class Page:
    """Everything that the template reads."""

    version: str
    audit: ToneAudit
    made: str
    headline: str
    trial: str
    stages: tuple[StageView, ...]
    samples: tuple[tuple[Sample, ...], ...]
    swatches: tuple[tuple[int, str], ...]
    base_tone: int
    moved: str
    pooled: str
    rule: str
    margins: tuple[tuple[str, str], ...]
    unseen: str
    few_differing: int
    draws: int
    hit_within: float
    can_show: Sequence[str]
    cannot_show: Sequence[str]
    captures: tuple[tuple[int, str], ...]
    limits: tuple[tuple[str, str, str], ...]


def render(audit: ToneAudit) -> str:
    """The page as HTML."""
    environment = Environment(
        loader=PackageLoader("chiso.interfaces.tone_report", "."),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["outcome"] = lambda outcome: words.OUTCOMES[outcome]
    environment.filters["outcome_class"] = lambda outcome: OUTCOME_CLASSES[outcome]
    environment.filters["outcome_mark"] = lambda outcome: OUTCOME_MARKS[outcome]
    return environment.get_template(_TEMPLATE).render(page=page_of(audit))


def page_of(audit: ToneAudit) -> Page:
    """What the page shows."""
    design = audit.design
    return Page(
        version=__version__,
        audit=audit,
        made=to_text(audit.made),
        headline=words.headline(audit),
        trial=words.trial_warning(design.people, design.captures) if design.is_trial else "",
        stages=tuple(stage_view(audit, verdict) for verdict in audit.stages),
        samples=tuple(_row(audit, row) for row in audit.samples),
        swatches=tuple((tone, f"#{swatch_hex(tone)}") for tone in AUDIT_TONES.numbers),
        base_tone=AUDIT_TONES.base,
        moved=words.moved_sentence(audit),
        pooled=words.pooled_sentence(audit),
        rule=words.RULE,
        margins=tuple(
            (name_of(each.name).title, margin_text(each.margin, name_of(each.name).unit))
            for each in audit.results
            if each.margin is not None
        ),
        unseen=words.unseen_remark(design.people),
        few_differing=FEW_DIFFERING,
        draws=BOOTSTRAP_DRAWS,
        hit_within=HIT_WITHIN,
        can_show=words.CAN_SHOW,
        cannot_show=words.CANNOT_SHOW,
        captures=tuple(
            (number, ", ".join(f"{key.replace('_', ' ')} {value}" for key, value in each.items()))
            for number, each in enumerate(audit.readings.captures, start=1)
        ),
        limits=limits_rows(audit.probed.capture),
    )


def _row(audit: ToneAudit, row: Sequence[Portrait]) -> tuple[Sample, ...]:
    limits = audit.probed.capture.decode
    drawn = (
        (portrait, picture(portrait.jpeg, lambda jpeg: decode(jpeg, limits), _SAMPLE_PX))
        for portrait in row
    )
    return tuple(
        Sample(its, portrait.tone, f"#{swatch_hex(portrait.tone)}")
        for portrait, its in drawn
        if its is not None
    )
