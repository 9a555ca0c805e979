"""A threshold record in words and tables: whose errors, at which sizes of search."""

from __future__ import annotations

from chiso.compare.normalise.of_record import name_of
from chiso.compare.threshold import lacks
from chiso.core.decisions import NO_NORMALISER, AtScale, CountedOn, Misses, ThresholdRecord
from chiso.interfaces.cli.output import show, table

_COUNTED = {
    CountedOn.SAME_PEOPLE: "errors among the people that it was fitted to",
    CountedOn.OTHER_PEOPLE: "errors among other people than those it was fixed on",
    None: "errors among the people that it was fitted to",
}


def show_record(record: ThresholdRecord, used: bool) -> None:
    """What it is, and its errors by group."""
    show(f"{record.record_id}{'  (in use)' if used else ''}")
    interval = "no interval was made"
    if record.interval is not None:
        interval = f"95 % interval {record.interval[0]:.4f} to {record.interval[1]:.4f}"
    show(
        f"  A match is {record.value:.4f} or more ({interval}); target FMR "
        f"{record.target_fmr:g}, policy {record.policy}."
    )
    show(
        f"  {record.source}; {record.people} people; made {record.made}; model "
        f"{record.model[:12]}; normaliser {normaliser_text(record)}."
    )
    show(f"  {record.note}")
    for sentence in lacks(record):
        show(f"  {sentence}")
    show(f"  By group, {_COUNTED[record.counted_on]}:")
    table(
        ("group", "people", "false matches", "FMR 95 %", "missed", "FNMR 95 %"),
        [
            (
                group.group,
                str(group.people),
                f"{group.false_matches} of {group.nonmated}",
                _percent(group.fmr_interval),
                f"{group.false_nonmatches} of {group.mated}",
                _percent(group.fnmr_interval),
            )
            for group in record.groups
        ],
        numeric=(1, 2, 3, 4, 5),
    )


def normaliser_text(record: ThresholdRecord) -> str:
    """What it is called; and the start of its digest, where there is one."""
    if record.normaliser == NO_NORMALISER:
        return NO_NORMALISER
    return f"{name_of(record)} ({record.normaliser[:12]})"


def show_scale(record: ThresholdRecord) -> None:
    """What a search asks for at each size, and what that costs: by the record's model."""
    if not record.at_scale:
        return
    if record.target_fpir is None:
        held = "This record holds no FPIR: every search uses its value, and the FPIR grows."
        model = f"every comparison matches falsely at the target FMR, {record.target_fmr:g}"
    else:
        held = f"A search holds an FPIR of {record.target_fpir:g} with a stricter threshold."
        model = f"a normal distribution of angles, {record.people} people behind it"
    show(
        f"  {held} FPIR is a model, not a measurement: {model}, comparisons taken as independent. "
        "Beyond the comparisons counted above it is extrapolated. Missed: mated comparisons below "
        "the threshold."
    )
    groups = [misses.group for misses in record.at_scale[0].misses]
    table(
        ("references", "threshold", "FPIR", *groups),
        [_level(each) for each in record.at_scale],
        numeric=range(3 + len(groups)),
    )


def _level(at: AtScale) -> tuple[str, ...]:
    missed = [_missed(each) for each in at.misses]
    return f"{at.references:,}", f"{at.value:.4f}", f"{at.fpir:.2g}", *missed


def _missed(misses: Misses) -> str:
    if not misses.mated:
        return "–"
    return f"{misses.missed} of {misses.mated}\n{_percent(misses.interval)}"


def _percent(interval: tuple[float, float]) -> str:
    low, high = interval
    return f"{low * 100:.1f}-{high * 100:.1f} %"
