"""Numbers drawn from a seed: each subject has a stream of its own, so that none shifts another."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from chiso.volunteers.portraits import derived_seed


def stream(*parts: int | str) -> np.random.Generator:
    """A generator for these parts; PCG64, whose stream numpy keeps the same between releases."""
    return np.random.Generator(np.random.PCG64(derived_seed(*parts)))


def chosen(chance: np.random.Generator, weights: Mapping[str, float]) -> str:
    """One of the names, each as probable as its weight is of their sum."""
    names = list(weights)
    total = sum(weights.values())
    return names[int(chance.choice(len(names), p=[weights[name] / total for name in names]))]


def between(chance: np.random.Generator, low: float, high: float) -> float:
    """Uniform in [low, high)."""
    return float(chance.uniform(low, high))


def about(chance: np.random.Generator, middle: float, deviation: float, limit: float) -> float:
    """Normal, cut off at `limit` from the middle."""
    return middle + float(np.clip(chance.normal(0, deviation), -limit, limit))
