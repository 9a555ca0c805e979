"""What the figures of every report share: the frame with its words, keys, and round axis ticks."""

from __future__ import annotations

from collections.abc import Iterable
from math import ceil, floor, log10

from markupsafe import Markup

_TICKS = 4


def svg(
    ident: str, title: str, text: str, size: tuple[float, float], parts: Iterable[Markup]
) -> Markup:
    """A figure with its title and, for those who cannot see it, its content in words."""
    head = Markup(
        '<svg viewBox="0 0 {0:g} {1:g}" role="img" aria-labelledby="{2}-t {2}-d">'
        '<title id="{2}-t">{3}</title><desc id="{2}-d">{4}</desc>'
    ).format(*size, ident, title, text)
    return head + Markup("").join(parts) + Markup("</svg>")


def key(mark: Markup, width: int) -> Markup:
    """A mark as a legend shows it, 14 high."""
    return Markup('<svg class="key" viewBox="0 0 {} 14" aria-hidden="true">{}</svg>').format(
        width, mark
    )


def round_ticks(low: float, high: float) -> tuple[float, ...]:
    """Round values, evenly apart, from `low` or a little below to `high` or a little above it.

    About five of them. Needs `high` above `low`.
    """
    step = _nice((high - low) / _TICKS)
    first, last = floor(low / step + 1e-9), ceil(high / step - 1e-9)
    return tuple(n * step for n in range(first, last + 1))


def tick_number(value: float, step: float) -> str:
    """A tick with as many decimals as tell it from the next one, `step` away; no minus zero."""
    text = f"{value:.{max(0, -floor(log10(step) + 1e-9))}f}"
    return text.lstrip("-") if not float(text) else text.replace("-", "−")


def _nice(rough: float) -> float:
    """The next of 1, 2, 5 times a power of ten."""
    power = 10.0 ** floor(log10(rough))
    return next(factor * power for factor in (1, 2, 5, 10) if factor * power >= rough * 0.999)
