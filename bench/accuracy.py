"""London at the starter threshold: errors of both kinds, by self-reported group."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from bench.rows import Row
from bench.timing import say
from chiso import wiring
from chiso.core.decisions import GroupCount
from chiso.core.samples import Refusal
from chiso.core.settings import CaptureSettings
from chiso.evaluate.comparisons import all_comparisons
from chiso.evaluate.rates import error_counts
from chiso.interfaces.cli.study import read_study
from chiso.services.engine import single_face


def measured(photos: Path) -> list[Row]:
    """Counts for everyone and for each group within itself, with 95 % intervals by people."""
    record = wiring.starter_record("offline")
    if record is None:
        raise RuntimeError("the offline pack ships no starter threshold")
    say("comparing the London photos, all with all")
    study = read_study(photos, photos / "people.csv", "ethnicity")
    engine = wiring.open_engine(wiring.catalogue().pack("offline"), CaptureSettings())
    people = list(dict.fromkeys(photo.subject for photo in study.photos))
    group = {photo.subject: photo.group for photo in study.photos}
    vectors = []
    for photo in study.photos:
        face = single_face(engine, photo.content, engine.capture.enrolment)
        if isinstance(face, Refusal):
            raise RuntimeError(f"{photo.name} was refused: {face.message}")
        vectors += [each.vector for each in engine.embedder.embed([face.aligned.chip])]
    owners = [people.index(photo.subject) for photo in study.photos]
    comparisons = all_comparisons(np.stack(vectors), owners, [group[each] for each in people])
    return [_row(count) for count in error_counts(comparisons, record.value)]


def _row(count: GroupCount) -> Row:
    (_, fmr_most), (_, fnmr_most) = count.fmr_interval, count.fnmr_interval
    people = "1 person" if count.people == 1 else f"{count.people} people"
    return Row(
        f"missed, falsely matched: {count.group}, {people}",
        f"{count.false_nonmatches} of {count.mated}, {count.false_matches} of {count.nonmated}",
        ratio=f"≤ {fnmr_most:.0%}, ≤ {fmr_most:.0%}",
        target="0, 0",
        met=count.false_matches == count.false_nonmatches == 0,
    )
