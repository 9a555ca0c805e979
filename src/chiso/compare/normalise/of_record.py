"""The normaliser that a threshold record was fitted with."""

from __future__ import annotations

from functools import lru_cache

from chiso.compare.normalise.fitting import read_normaliser
from chiso.compare.normalise.port import FittedNormaliser
from chiso.core.decisions import NO_NORMALISER, ThresholdRecord
from chiso.core.errors import ChisoError, Code


def normaliser_of(record: ThresholdRecord) -> FittedNormaliser | None:
    """The record's normaliser, its digest checked; None where scores stay cosines.

    Raises ChisoError(THRESHOLD_INVALID) where the record does not carry the normaliser it names, or
    carries one that holds vectors of single people.
    """
    if record.normaliser == NO_NORMALISER:
        return None
    fitted = _read(record.normaliser_document, record.record_id)
    if fitted.digest != record.normaliser:
        raise unusable(record.record_id, "carries another normaliser than the one it names")
    if fitted.holds_people:
        raise unusable(record.record_id, f"uses {fitted.name}, which keeps single people's vectors")
    return fitted


def name_of(record: ThresholdRecord) -> str:
    """What the record's normaliser is called; "unusable" where it can score nothing here."""
    try:
        fitted = normaliser_of(record)
    except ChisoError:
        return "unusable"
    return NO_NORMALISER if fitted is None else fitted.name


@lru_cache(maxsize=2)
def _read(document: str | None, record_id: str) -> FittedNormaliser:
    if document is None:
        raise unusable(record_id, "names a normaliser that this home does not know")
    try:
        return read_normaliser(document)
    except ValueError as error:
        raise unusable(record_id, f"carries no normaliser: {error}") from error


def unusable(record_id: str, why: str) -> ChisoError:
    """The error of a record whose normaliser cannot score; `why` continues "The record …"."""
    return ChisoError(
        Code.THRESHOLD_INVALID,
        f"The threshold record {record_id} {why}, so nothing can be decided with it.",
        "Choose another record with `chiso threshold use ID`, or make one with "
        "`chiso threshold fit`.",
    )
