"""How the report writes numbers: for people, and with no more digits than the interval supports."""

from __future__ import annotations

from collections.abc import Callable
from math import ceil, floor, isfinite, log10

from chiso.evaluate.findings import Rate

PERCENT = "\u00a0%"
"""Not parted from its number at the end of a line."""
NOTHING = "–"
_MOST_DECIMALS = 8
# An end of an interval that takes more decimals than this beyond the other is as good as 0.
_MOST_FINER = 2


def count(number: int, one: str = "", many: str = "") -> str:
    """`1,234`; `1 person`, `1,234 people`."""
    name = one if number == 1 else many
    return f"{number:,} {name}".rstrip()


def decimals(interval: tuple[float, float]) -> int:
    """Decimals that keep two digits of half the interval's width.

    Two digits of an uncertainty are the most that are worth stating: JCGM 100:2008 (GUM), 7.2.6.
    """
    half = (interval[1] - interval[0]) / 2
    if not (isfinite(half) and half > 0):
        return 2
    return min(_MOST_DECIMALS, max(0, 1 - floor(log10(half))))


def number_text(value: float, interval: tuple[float, float]) -> str:
    """A number with as many digits as its interval supports; a dash where there is none.

    One that is not 0 has one digit at least: what was seen is never written as nothing.
    """
    if not isfinite(value):
        return NOTHING
    places = decimals(interval)
    if round(value, places) == 0:
        places = min(_MOST_DECIMALS, _first_decimal(value, places))
    return f"{value:,.{places}f}"


def range_text(interval: tuple[float, float]) -> str:
    """`0.8 to 1.9`: the lower end rounded down and the upper one up, so that nothing is lost.

    An end that is not 0 is not written as 0: `0.2 to 69`, or `above 0 to 69`.
    """
    low, high = interval
    if not isfinite(high):
        return f"{_down(low, interval)} or more" if isfinite(low) else "no limit"
    return f"{_down(low, interval)} to {_up(high, interval)}"


def percent(value: float, interval: tuple[float, float]) -> str:
    """A rate, 0 to 1, in per cent."""
    text = number_text(100 * value, _hundredfold(interval))
    return text if text == NOTHING else text + PERCENT


def percent_range(interval: tuple[float, float]) -> str:
    """An interval of a rate in per cent."""
    return range_text(_hundredfold(interval)) + PERCENT


def limit_text(rate: float) -> str:
    """A rate that somebody chose, as they wrote it: `0.1 %`."""
    text = f"{100 * rate:.6g}"
    if "e" in text:
        text = f"{100 * rate:.15f}".rstrip("0")
    return f"{text}{PERCENT}"


def at_most(rate: Rate) -> str:
    """`at most 8.4 %`, rounded up."""
    return f"at most {_up(100 * rate.interval[1], _hundredfold(rate.interval))}{PERCENT}"


def rate_text(rate: Rate) -> str:
    """The estimate alone: `0.12 %`; without an error `0`; without trials a dash."""
    if not rate.trials:
        return NOTHING
    return percent(rate.value, rate.interval) if rate.errors else "0"


def counts_text(rate: Rate) -> str:
    """`3 of 1,234`."""
    return f"{rate.errors:,} of {rate.trials:,}" if rate.trials else "no comparisons"


def interval_text(rate: Rate) -> str:
    """`0.08 to 0.19 %`; `at most 8.4 %` without an error; `at least 91 %` with nothing but."""
    if not rate.trials:
        return NOTHING
    if not rate.errors:
        return at_most(rate)
    if rate.errors == rate.trials:
        return f"at least {_down(100 * rate.interval[0], _hundredfold(rate.interval))}{PERCENT}"
    return percent_range(rate.interval)


def short_text(rate: Rate) -> str:
    """In a line: `0.12 %, 3 of 1,234`, or `0 of 84, at most 8.4 %`."""
    if not rate.trials:
        return counts_text(rate)
    if not rate.errors:
        return f"{counts_text(rate)}, {at_most(rate)}"
    return f"{rate_text(rate)}, {counts_text(rate)}"


def full_text(rate: Rate) -> str:
    """In a sentence: `0.12 % (3 of 1,234; 0.04 to 0.35 %)`, or `0 of 84 (at most 8.4 %)`."""
    if not rate.trials:
        return counts_text(rate)
    if not rate.errors:
        return f"{counts_text(rate)} ({at_most(rate)})"
    return f"{rate_text(rate)} ({counts_text(rate)}; {interval_text(rate)})"


def points(value: float, interval: tuple[float, float]) -> str:
    """A change of a rate in percentage points, with its sign: `−1.2`."""
    wide = _hundredfold(interval)
    if not isfinite(value):
        return NOTHING
    # A change far smaller than its interval is no change: its sign would be chance.
    text = f"{100 * value:,.{decimals(wide)}f}"
    if not float(text.replace(",", "")):
        return text.lstrip("-")
    return text.replace("-", "−") if text.startswith("-") else f"+{text}"


def points_range(interval: tuple[float, float]) -> str:
    """The interval of a change, in percentage points: `−2.0 to +0.4`."""
    wide = _hundredfold(interval)
    if not all(isfinite(each) for each in wide):
        return NOTHING
    return f"{_signed(_down(wide[0], wide))} to {_signed(_up(wide[1], wide))}"


def score_text(value: float, *, is_distance: bool = False) -> str:
    """A score or a threshold as its maker wrote it; distances were turned round to compare."""
    shown = -value if is_distance else value
    return f"{shown + 0.0:.4g}".replace("-", "−")


def _down(value: float, interval: tuple[float, float]) -> str:
    # A number that is whole but for its last binary digits is not pushed on by one.
    return _outward(lambda scaled: floor(scaled + 1e-6), value, interval)


def _up(value: float, interval: tuple[float, float]) -> str:
    return _outward(lambda scaled: ceil(scaled - 1e-6), value, interval)


def _outward(rounded: Callable[[float], int], value: float, interval: tuple[float, float]) -> str:
    places = decimals(interval)
    if not rounded(value * 10**places):
        places = _first_decimal(value, places)
        if places > decimals(interval) + _MOST_FINER:
            return "above 0" if value > 0 else "below 0"
    scaled = rounded(value * 10**places)
    return f"{scaled / 10**places:,.{places}f}" if scaled else "0"


def _first_decimal(value: float, places: int) -> int:
    """So many decimals that the first digit of a number that is not 0 is among them."""
    return places if value == 0 else max(places, -floor(log10(abs(value))))


def _signed(text: str) -> str:
    if text.endswith(" 0") or text == "0":
        return text
    return text.replace("-", "−") if text.startswith("-") else f"+{text}"


def _hundredfold(interval: tuple[float, float]) -> tuple[float, float]:
    return 100 * interval[0], 100 * interval[1]


def rough_percent(value: float) -> str:
    """A rate that stands without its interval, to two digits: `38 %`, `0.12 %`."""
    if not isfinite(value):
        return NOTHING
    places = max(0, 1 - floor(log10(100 * value))) if value > 0 else 0
    return f"{100 * value:.{min(places, _MOST_DECIMALS)}f}{PERCENT}" if value else "0"
