"""How many non-mated comparisons pairs of people have: by a formula, or from a list."""

from __future__ import annotations

from math import ceil

import numpy as np

from chiso.evaluate.evidence import Index, Mask, Scores

_CELLS_AT_ONCE = 10_000_000


class ProductCounts:
    """Counts of the form n_ij = a_i b_j + a_j b_i, shapes (people,), 0 or more.

    All samples against all others: a = samples, b = samples / 2. References against probes:
    a = references, b = probes. Every sum is closed: its cost grows with people, not with pairs.
    """

    def __init__(self, a: Scores, b: Scores) -> None:
        self._a = np.asarray(a, dtype=np.float64)
        self._b = np.asarray(b, dtype=np.float64)

    def total(self, left: Mask, right: Mask) -> int:
        """Comparisons of the population."""
        by_person = self.by_person(left, right)
        return round(float(by_person[left].sum()) / (2 if _is_within(left, right) else 1))

    def by_person(self, left: Mask, right: Mask) -> Scores:
        """Shape (people,): comparisons of the population that each person takes part in."""
        a, b = self._a, self._b
        met = np.zeros(len(a))
        if _is_within(left, right):
            met[left] = (a * (b[left].sum() - b) + b * (a[left].sum() - a))[left]
            return met
        met[left] = (a * b[right].sum() + b * a[right].sum())[left]
        met[right] = (a * b[left].sum() + b * a[left].sum())[right]
        return met

    def sum_of_squares(self, left: Mask, right: Mask) -> float:
        """The squares of the pairs' counts, summed over the pairs of the population."""
        a, b = self._a, self._b
        if _is_within(left, right):
            a, b = a[left], b[left]
            return float((a @ a) * (b @ b) + (a @ b) ** 2 - 2 * np.sum((a * b) ** 2))
        al, bl, ar, br = a[left], b[left], a[right], b[right]
        return float((al @ al) * (br @ br) + (bl @ bl) * (ar @ ar) + 2 * (al @ bl) * (ar @ br))

    def weighted_totals(self, left: Mask, right: Mask, weights: Scores) -> Scores:
        """Shape (draws,): sums over pairs of w_i · w_j · count, `weights` shape (draws, people)."""
        a, b = self._a, self._b
        wl = weights[:, left]
        if _is_within(left, right):
            totals: Scores = (wl @ a[left]) * (wl @ b[left]) - wl**2 @ (a * b)[left]
            return totals
        wr = weights[:, right]
        across: Scores = (wl @ a[left]) * (wr @ b[right]) + (wl @ b[left]) * (wr @ a[right])
        return across

    def of_pairs(self, one: Index, other: Index) -> Scores:
        """Shape (pairs,): the count of each of these pairs of different people."""
        counts: Scores = self._a[one] * self._b[other] + self._a[other] * self._b[one]
        return counts

    def independent_pairs(self, left: Mask, right: Mask) -> int:
        """Half of the people within a group, the fewer across two.

        Within, two people who gave only references (or only probes) are never compared.
        """
        met = self.by_person(left, right) > 0
        if not _is_within(left, right):
            return int(min(np.count_nonzero(met & left), np.count_nonzero(met & right)))
        both = np.count_nonzero(met & (self._a > 0) & (self._b > 0))
        only_a, only_b = (
            np.count_nonzero(met & (self._b == 0)),
            np.count_nonzero(met & (self._a == 0)),
        )
        return int(min(np.count_nonzero(met) // 2, both + min(only_a, only_b)))


class ListedCounts:
    """Counts of a table, which may hold any pairs, repeated or not.

    `one`, `other`: shape (comparisons,), int32, different people of each comparison. `people`: how
    many there are.
    """

    def __init__(self, one: Index, other: Index, people: int) -> None:
        low, high = np.minimum(one, other).astype(np.int64), np.maximum(one, other)
        keys, counts = np.unique(low * people + high, return_counts=True)
        self._keys = keys
        self._counts = counts.astype(np.float64)
        self._low = (keys // max(people, 1)).astype(np.int32)
        self._high = (keys % max(people, 1)).astype(np.int32)
        self._people = people

    def total(self, left: Mask, right: Mask) -> int:
        """Comparisons of the population."""
        return round(float(self._counts[self._of(left, right)].sum()))

    def by_person(self, left: Mask, right: Mask) -> Scores:
        """Shape (people,): comparisons of the population that each person takes part in."""
        rows = self._of(left, right)
        return self._by_person(rows, self._counts[rows])

    def sum_of_squares(self, left: Mask, right: Mask) -> float:
        """The squares of the pairs' counts, summed over the pairs of the population."""
        counts = self._counts[self._of(left, right)]
        return float(counts @ counts)

    def weighted_totals(self, left: Mask, right: Mask, weights: Scores) -> Scores:
        """Shape (draws,): sums over pairs of w_i · w_j · count, `weights` shape (draws, people)."""
        from scipy.sparse import csr_array

        rows = self._of(left, right)
        pairs = (self._counts[rows], (self._low[rows], self._high[rows]))
        table = csr_array(pairs, shape=(self._people, self._people))
        step = max(1, _CELLS_AT_ONCE // max(self._people, 1))
        totals = np.zeros(len(weights))
        for start in range(0, len(weights), step):
            some = weights[start : start + step]
            totals[start : start + step] = np.einsum("dp,dp->d", (table.T @ some.T).T, some)
        return totals

    def of_pairs(self, one: Index, other: Index) -> Scores:
        """Shape (pairs,): the count of each of these pairs of different people; 0 if not listed."""
        if not len(self._keys):
            return np.zeros(len(one))
        low, high = np.minimum(one, other).astype(np.int64), np.maximum(one, other)
        keys = low * self._people + high
        at = np.minimum(np.searchsorted(self._keys, keys), len(self._keys) - 1)
        counts: Scores = np.where(self._keys[at] == keys, self._counts[at], 0.0)
        return counts

    def independent_pairs(self, left: Mask, right: Mask) -> int:
        """At least so many listed pairs share no person, whichever pairs the table holds.

        Vizing (1964): the pairs of a table fall into as many sets that share no person as the
        person most compared has partners, and one; so the largest holds pairs / sets or more.
        """
        rows = self._of(left, right)
        partners = self._by_person(rows, np.ones(np.count_nonzero(rows)))
        return ceil(int(np.count_nonzero(rows)) / (float(partners.max(initial=0.0)) + 1))

    def _of(self, left: Mask, right: Mask) -> Mask:
        low, high = self._low, self._high
        rows: Mask = (left[low] & right[high]) | (right[low] & left[high])
        return rows

    def _by_person(self, rows: Mask, counts: Scores) -> Scores:
        low = np.bincount(self._low[rows], weights=counts, minlength=self._people)
        high = np.bincount(self._high[rows], weights=counts, minlength=self._people)
        return np.add(low, high, dtype=np.float64)


def _is_within(left: Mask, right: Mask) -> bool:
    """Whether the population is of one set of people; raises where two sets overlap in part."""
    if np.array_equal(left, right):
        return True
    if np.any(left & right):
        raise ValueError("the two sides of a population are equal or disjoint")
    return False
