"""What the reader of an audit must know beside its numbers, in plain words."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import combinations
from math import ceil, floor, log10

from chiso.evaluate.findings import GroupFindings, Rate
from chiso.evaluate.two_rates import rate_difference


def remarks(groups: Sequence[GroupFindings], required_fmr: float) -> tuple[str, ...]:
    """Sentences; `groups` begins with everyone together. `required_fmr`: what groups must meet."""
    named = groups[1:]
    return (
        *_single(named),
        *(sentence for group in named for sentence in _missing(group)),
        *(sentence for group in named for sentence in _too_small(group, required_fmr)),
        *(sentence for group in groups for sentence in _not_drawn(group)),
        *_told_apart_unequally(named),
    )


def _single(named: Sequence[GroupFindings]) -> Iterator[str]:
    if len(named) == 1:
        yield f"Everyone is of one group, {named[0].group}: nothing can be said of differences."


def _missing(group: GroupFindings) -> Iterator[str]:
    if group.people == 0:
        yield f"Nobody of {group.group} is in the test: nothing can be said of this group."
        return
    if not group.fmr.trials:
        yield (
            f"{group.group}: {_people(group.people)} in the test and no comparison of two of them, "
            "so that its false matches cannot be told."
        )
    if not group.fnmr.trials:
        yield (
            f"{group.group}: nobody in the test has two samples to compare, so that its false "
            "non-matches cannot be told."
        )


def _too_small(group: GroupFindings, required_fmr: float) -> Iterator[str]:
    fmr = group.fmr
    if not fmr.trials or fmr.errors:
        return
    if fmr.interval[1] >= 1:
        yield (
            f"{group.group}: no false match, but {_people(group.people)} in the test "
            f"{'is' if group.people == 1 else 'are'} too few to say anything of the FMR."
        )
    elif fmr.interval[1] > required_fmr:
        yield (
            f"{group.group}: no false match among {_people(group.people)}. That bounds the FMR "
            f"below {_rounded_up(fmr.interval[1])} and no lower; so few people cannot show "
            f"{_percent(required_fmr)}."
        )


def _not_drawn(group: GroupFindings) -> Iterator[str]:
    for each in group.separability:
        if each.fnmr is not None and each.why_not:
            yield f"{group.group}, at an FMR of {_percent(each.at_fmr)}: {each.why_not}."


def _told_apart_unequally(named: Sequence[GroupFindings]) -> Iterator[str]:
    """Pairs of groups whose FNMR differs, each at its own threshold for the same FMR."""
    for one, other in combinations(named, 2):
        for first, second in zip(one.separability, other.separability, strict=True):
            if first.fnmr is None or second.fnmr is None:
                continue
            high, low = (one, other) if first.fnmr.value >= second.fnmr.value else (other, one)
            more, less = sorted((first.fnmr, second.fnmr), key=_value, reverse=True)
            if rate_difference(more, less)[1][0] > 0:
                yield (
                    f"Even at thresholds that suit each best (FMR {_percent(first.at_fmr)} in "
                    f"each), {high.group} people are missed {_shown(more)} of the time and "
                    f"{low.group} people {_shown(less)}. No threshold, and no normaliser that "
                    "keeps the order of a group's scores, makes both errors equal for the two."
                )
                break


def _value(rate: Rate) -> float:
    return rate.value


def _shown(rate: Rate) -> str:
    low, high = rate.interval
    return f"{_percent(rate.value)} ({_percent(low)} to {_percent(high)})"


def _people(count: int) -> str:
    return "1 person" if count == 1 else f"{count:,} people"


def _rounded_up(bound: float) -> str:
    """A bound with three digits at most, never below what it is: 0.16841 is `16.9 %`."""
    places = 2 - floor(log10(100 * bound))
    return _percent(ceil(100 * bound * 10**places - 1e-9) / 10**places / 100)


def _percent(rate: float) -> str:
    return f"{100 * rate:.3g} %"
