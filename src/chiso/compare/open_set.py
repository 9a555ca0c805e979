"""Searches in which the person sought may be nobody: how strict a threshold must be for how many.

FPIR, the false positive identification rate, is the chance that a search for someone who is not
enrolled names anybody. At a false match rate f, and N comparisons that are each a chance of their
own, it is 1 - (1 - f)^N (ISO/IEC 19795-1). A model, not a measurement: comparisons of one search
share a probe, and where some probes match falsely more often than others the truth is lower
(Jensen's inequality); a gallery of people more alike than those measured makes it higher.
"""

from __future__ import annotations

from math import expm1, log1p

from chiso.core.decisions import SearchThreshold, ThresholdRecord

REFERENCES = (1, 10, 100, 1_000, 10_000, 100_000, 1_000_000)
"""Sizes of search that a record speaks about, and at which two records are compared."""


def fpir(fmr: float, references: int) -> float:
    """1 - (1 - fmr)^references; both rates in [0, 1]."""
    return 1.0 if fmr >= 1 else -expm1(references * log1p(-fmr))


def fmr_for(target_fpir: float, references: int) -> float:
    """The FMR of one comparison at which `references` of them reach `target_fpir`, in (0, 1)."""
    return -expm1(log1p(-target_fpir) / references)


def search_threshold(record: ThresholdRecord, references: int) -> SearchThreshold:
    """The record's threshold for a search among so many references, 1 or more.

    Never below the record's value; stricter where that alone would let more strangers be named than
    the record's target FPIR. A record without a model of its false scores cannot be made stricter:
    its value decides, and the FPIR said is the one that its target FMR implies.
    """
    if record.target_fpir is None or not record.tails:
        implied = fpir(record.target_fmr, references)
        return SearchThreshold(record, references, record.value, implied, None)
    each = fmr_for(record.target_fpir, references)
    value = max(record.value, *(tail.threshold(each) for tail in record.tails))
    highest = max(tail.fmr(value) for tail in record.tails)
    return SearchThreshold(record, references, value, fpir(highest, references), record.target_fpir)
