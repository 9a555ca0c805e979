"""How the report writes numbers: for people, and with no more digits than the interval supports."""

from __future__ import annotations

from math import ceil, floor, isfinite, log10

from chiso.evaluate.findings import Rate

PERCENT = "\u00a0%"
"""Not parted from its number at the end of a line."""
NOTHING = "–"
_MOST_DECIMALS = 8


def count(number: int, one: str = "", many: str = "") -> str:
    """`1,234`; `1 person`, `1,234 people`."""
    name = one if number == 1 else many
    return f"{number:,} {name}".rstrip()


def rough_count(number: int) -> str:
    """An estimate of people, rounded up to two digits: `7,900` for 7,894."""
    step: int = 10 ** max(0, len(str(number)) - 2)
    return f"{-(-number // step) * step:,}"


def decimals(interval: tuple[float, float]) -> int:
    """Decimals that keep two digits of half the interval's width.

    Two digits of an uncertainty are the most that are worth stating: JCGM 100:2008 (GUM), 7.2.6.
    """
    half = (interval[1] - interval[0]) / 2
    if not (isfinite(half) and half > 0):
        return 2
    return min(_MOST_DECIMALS, max(0, 1 - floor(log10(half))))


def number_text(value: float, interval: tuple[float, float]) -> str:
    """A number with as many digits as its interval supports; a dash where there is none."""
    return f"{value:,.{decimals(interval)}f}" if isfinite(value) else NOTHING


def range_text(interval: tuple[float, float]) -> str:
    """`0.8 to 1.9`: the lower end rounded down and the upper one up, so that nothing is lost."""
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
    return f"{100 * rate:.6g}{PERCENT}"


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
    text = number_text(100 * value, _hundredfold(interval))
    if text == NOTHING or not float(text.replace(",", "")):
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
    return _whole(floor(value * 10 ** decimals(interval) + 1e-6), decimals(interval))


def _up(value: float, interval: tuple[float, float]) -> str:
    return _whole(ceil(value * 10 ** decimals(interval) - 1e-6), decimals(interval))


def _whole(scaled: int, places: int) -> str:
    return f"{scaled / 10**places:,.{places}f}" if scaled else "0"


def _signed(text: str) -> str:
    if text == "0":
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
