"""What cimat makes of a table of scores. Runs under a Python of its own, which has cimat.

PYTHON bench/audit_peer.py SCORES.npz THRESHOLD

SCORES.npz holds `one` and `other`, shape (n,), int, who is compared (equal: with herself), and
`score`. Prints JSON: both rates, as the intervals are made for them.
"""

from __future__ import annotations

import importlib
import json
import sys
from collections import defaultdict

import numpy as np


def measured(path: str, threshold: float) -> dict[str, float]:
    """Both rates at a threshold, once cimat has also made their intervals (plug-in variance)."""
    # Scores of two people lie under both their names, in one list, as cimat's own tables have them.
    by_people: dict[int, dict[int, list[float]]] = defaultdict(dict)
    with np.load(path) as table:
        rows = zip(*(table[name].tolist() for name in ("one", "other", "score")), strict=True)
    for one, other, score in rows:
        by_people[one].setdefault(other, []).append(score)
        by_people[other][one] = by_people[one][other]
    # Not among Chiso's packages, so that no type of it is known here.
    estimator = importlib.import_module("cimat").UncertaintyEstimator(scores=dict(by_people))
    fnmr, fmr, _ = estimator.compute_binerror_metrics(threshold)
    of_fnmr, of_fmr = estimator.compute_variance(threshold=threshold, estimator="plugin")
    estimator.get_binerror_ci(threshold=threshold, var_fnr=of_fnmr, var_fpr=of_fmr, alpha=0.05)
    return {"fmr": float(fmr), "fnmr": float(fnmr)}


if __name__ == "__main__":
    print(json.dumps(measured(sys.argv[1], float(sys.argv[2]))))
