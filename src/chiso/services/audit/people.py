"""Who is measured: one group a person, as she reported it, and groups that cross."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from chiso.core.audit_inputs import Codes, EmbeddingTable, Labels
from chiso.core.errors import ChisoError, Code
from chiso.evaluate.evidence import Crowd
from chiso.evaluate.findings import EVERYONE

CROSS = " × "
"""Between the labels of a group that crosses several columns: "black × woman"."""
Refuse = Callable[[str, str], ChisoError]
"""(what is wrong, without a full stop; what to do): the error that says which input it is in."""


def crowd_of_embeddings(table: EmbeddingTable) -> Crowd:
    """Whose embeddings these are, in their groups.

    Raises ChisoError(BAD_TABLE) where a sample is there twice, a person has two labels of one
    column, or groups cannot be told apart.
    """
    subjects, file = table.subjects, table.file
    _require_distinct_samples(table)
    columns = [
        label_of_each_person(each, subjects.codes, subjects.names, file.place, file.refused)
        for each in table.groups
    ]
    return crowd_of(columns, file.refused)


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


def refused_list(name: str) -> Refuse:
    """Refuses the list of people of the photos called so: BAD_MANIFEST."""
    return lambda what, do: ChisoError(
        Code.BAD_MANIFEST, f"The list of people of {name}: {what}.", do
    )


def _require_distinct_samples(table: EmbeddingTable) -> None:
    file = table.file
    keys = table.subjects.codes * np.int64(len(table.samples.names)) + table.samples.codes
    order = np.argsort(keys, kind="stable")
    again = np.flatnonzero(keys[order][1:] == keys[order][:-1])
    if len(again):
        one, other = int(order[again[0]]), int(order[again[0] + 1])
        sample = table.samples.names[table.samples.codes[one]]
        subject = table.subjects.names[table.subjects.codes[one]]
        raise file.refused(
            f"{file.place(one)} and {file.place(other)} are both sample {sample!r} of {subject!r}",
            "Keep one of them, or give each sample of a person a name of its own.",
        )


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
