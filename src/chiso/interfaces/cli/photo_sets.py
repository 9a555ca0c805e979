"""Reads a folder of photos of people who agreed to be measured."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from chiso.core.audit_inputs import Labels
from chiso.core.errors import ChisoError, Code
from chiso.interfaces.cli.files import name_of, sha256_of
from chiso.interfaces.cli.study import (
    PEOPLE_FILE,
    PhotographedPerson,
    read_people,
    reported,
    study_photos,
)
from chiso.services.audit.photos import PhotoSet


def read_photo_set(folder: Path, consent: Path, by: Sequence[str]) -> PhotoSet:
    """Everyone in a folder, with what they reported in the columns `by`. Raises BAD_MANIFEST."""
    people = read_people(folder)
    digest = sha256_of(consent, "what these people signed")
    return PhotoSet(
        name=name_of(folder),
        subjects=tuple(each.subject for each in people),
        columns=tuple(_column(folder, people, each) for each in by),
        photos=study_photos(folder, people),
        consent_sha256=digest,
    )


def _column(folder: Path, people: Sequence[PhotographedPerson], name: str) -> Labels:
    labels = reported(folder, people, name)
    empty = [each.subject for each, label in zip(people, labels, strict=True) if not label]
    if empty:
        raise ChisoError(
            Code.BAD_MANIFEST,
            f"{folder / PEOPLE_FILE}: {name} of {empty[0]} is empty"
            + (f", and of {len(empty) - 1} others." if len(empty) > 1 else "."),
            "Fill in what each person reported, or take her row out.",
        )
    names = tuple(sorted(set(labels)))
    return Labels(name, names, np.array([names.index(each) for each in labels], np.int32))
