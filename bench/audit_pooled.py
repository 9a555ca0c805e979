"""What Chiso makes of a table of scores where all that is wanted is what cimat gives.

python -m bench.audit_pooled SCORES.npz THRESHOLD

Arguments and answer are those of `audit_peer.py`: both rates of everyone, with their intervals.
"""

from __future__ import annotations

import json
import sys

import numpy as np

from chiso.evaluate.counting import mated_errors, nonmated_errors
from chiso.evaluate.evidence import Crowd
from chiso.evaluate.intervals import rate_of
from chiso.evaluate.listed import ListedSource


def measured(path: str, threshold: float) -> dict[str, float]:
    """Both rates at a threshold, each computed together with its interval."""
    with np.load(path) as table:
        one, other, scores = (table[name] for name in ("one", "other", "score"))
    people = int(max(one.max(), other.max())) + 1
    everyone = np.ones(people, dtype=bool)
    crowd = Crowd(("everyone",), np.zeros(people, np.int32))
    source = ListedSource(crowd, np.ones(people, np.int64), scores, one, other)
    evidence = source.evidence(everyone)
    fmr = rate_of(nonmated_errors(evidence, threshold, everyone, everyone))
    fnmr = rate_of(mated_errors(evidence, threshold, everyone))
    return {"fmr": fmr.value, "fnmr": fnmr.value}


if __name__ == "__main__":
    print(json.dumps(measured(sys.argv[1], float(sys.argv[2]))))
