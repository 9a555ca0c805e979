"""Who is measured: one group a person, as she reported it, and groups that cross."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from chiso.core.audit_inputs import Codes, Labels
from chiso.core.errors import ChisoError
from chiso.evaluate.evidence import Crowd
from chiso.evaluate.findings import EVERYONE

CROSS = " × "
"""Between the labels of a group that crosses several columns: "black × woman"."""
Refuse = Callable[[str, str], ChisoError]
"""(what is wrong, without a full stop; what to do): the error that says which input it is in."""


def label_of_each_person(
    column: Labels, person: Codes, subjects: Sequence[str], place: Callable[[int], str], no: Refuse
) -> Labels:
    """The label of each person, from cells that each belong to one: `codes` shape (people,).

    `person`: whose each cell of `column` is; `place` says where a cell stands. Raises what `no`
    makes where a person has two labels, naming both places, or the one.
    """
    first = np.full(len(subjects), len(person), np.int64)
    np.minimum.at(first, person, np.arange(len(person)))
    codes = column.codes[first]
    differing = np.flatnonzero(column.codes != codes[person])
    if len(differing):
        cell = int(differing[0])
        who = int(person[cell])
        one, other = column.names[codes[who]], column.names[column.codes[cell]]
        there, here = place(int(first[who])), place(cell)
        where = f"in {there} and {other!r} in {here}"
        if there == here:  # a comparison of her with herself, one label on either side
            where = f"and {other!r} within one row, {here}"
        raise no(
            f"{subjects[who]!r} is {one!r} {where} (column {column.column})",
            "Give each person one label a column: the one that she reported.",
        )
    return Labels(column.column, column.names, codes)


def crowd_of(columns: Sequence[Labels], no: Refuse) -> Crowd:
    """People in groups that cross all the columns; each has a code a person.

    Raises what `no` makes where two labels differ only in case, spaces or hyphens, or where a group
    would have the name that stands for everyone.
    """
    for column in columns:
        _require_told_apart(column, crossed=len(columns) > 1, no=no)
    codes = np.stack([column.codes for column in columns], axis=1)
    combined, index = np.unique(codes, axis=0, return_inverse=True)
    names = [
        CROSS.join(column.names[code] for column, code in zip(columns, row, strict=True))
        for row in combined
    ]
    if EVERYONE in names:
        raise no(f"a group is called {EVERYONE!r}, as the report calls all people", "Rename it.")
    order = np.argsort(np.array(names))
    rank = np.empty(len(names), np.int32)
    rank[order] = np.arange(len(names), dtype=np.int32)
    group_of: NDArray[np.int32] = rank[index.reshape(-1)]
    return Crowd(tuple(names[place] for place in order), group_of)


def _require_told_apart(column: Labels, *, crossed: bool, no: Refuse) -> None:
    alike: dict[str, list[str]] = defaultdict(list)
    for code in np.unique(column.codes):
        name = column.names[code]
        alike[" ".join(name.casefold().replace("-", " ").replace("_", " ").split())].append(name)
        if crossed and CROSS.strip() in name:
            what = f"the label {name!r} of {column.column} holds {CROSS.strip()!r}"
            raise no(what, "Write it without: it stands between the labels of crossed groups.")
    variants = [names for names in alike.values() if len(names) > 1]
    if variants:
        listed = "; ".join(" and ".join(map(repr, names)) for names in variants)
        raise no(
            f"labels of {column.column} differ only in case, spaces or hyphens: {listed}",
            "Write each group one way, in every row.",
        )
