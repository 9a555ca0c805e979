"""London at the starter threshold: errors of both kinds, by self-reported group."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from bench.rows import Row
from bench.timing import say
from chiso import wiring
from chiso.core.audit_inputs import Labels
from chiso.core.settings import CaptureSettings
from chiso.evaluate.audit_plan import AuditPlan
from chiso.evaluate.findings import GroupFindings
from chiso.interfaces.cli.study import read_study
from chiso.services.audit.photos import PhotoSet, PhotoUse, audit_photos
from chiso.services.fit import Study

_BY = "ethnicity"
_SEED = 1


def measured(photos: Path) -> list[Row]:
    """Counts for everyone and for each group within itself, with 95 % intervals over people.

    Each person's first photo is her reference and the other a probe, as they were for the
    threshold.
    """
    record = wiring.starter_record("offline")
    if record is None:
        raise RuntimeError("the offline pack ships no starter threshold")
    say("comparing the London photos, references with probes")
    engine = wiring.open_engine(wiring.catalogue().pack("offline"), CaptureSettings())
    report = audit_photos(
        engine,
        wiring.catalogue().model(engine.detector.name).sha256,
        _photo_set(read_study(photos, photos / "people.csv", _BY)),
        PhotoUse(references=1, everyday_seed=None),
        AuditPlan(seed=_SEED, given_threshold=record.value, given_by=record.record_id),
        threshold_record=record.record_id,
        now=wiring.clock().now(),
    )
    for each in report.findings.groups:
        if each.fte is not None and each.fte.errors:
            raise RuntimeError(f"{each.fte.errors} photos of {each.group} were refused")
    return [_row(each) for each in report.findings.groups]


def _photo_set(study: Study) -> PhotoSet:
    names = tuple(sorted({group for _, group in study.subjects}))
    codes = np.array([names.index(group) for _, group in study.subjects], np.int32)
    return PhotoSet(
        name=study.name,
        subjects=tuple(subject for subject, _ in study.subjects),
        columns=(Labels(_BY, names, codes),),
        photos=tuple(study.photos),
        consent_sha256=study.consent_sha256,
    )


def _row(found: GroupFindings) -> Row:
    fnmr, fmr = found.fnmr, found.fmr
    people = "1 person" if found.people == 1 else f"{found.people} people"
    return Row(
        f"missed, falsely matched: {found.group}, {people}",
        f"{fnmr.errors} of {fnmr.trials}, {fmr.errors} of {fmr.trials}",
        ratio=f"≤ {fnmr.interval[1]:.0%}, ≤ {fmr.interval[1]:.0%}",
        target="0, 0",
        met=fmr.errors == fnmr.errors == 0,
    )
