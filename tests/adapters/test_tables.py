"""Tables of scores and embeddings: read as they are, or refused by row, column and what to do."""

from __future__ import annotations

import io
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

from chiso.adapters.tables.embeddings import read_embeddings
from chiso.adapters.tables.scores import read_scores
from chiso.core.errors import ChisoError, Code

HEAD = "subject_a,subject_b,score,group_a,group_b\n"
GROUP = ("group",)


def _write(folder: Path, content: str | bytes, name: str = "t.csv") -> Path:
    path = folder / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def _refusal(read: Callable[[], object]) -> ChisoError:
    with pytest.raises(ChisoError) as caught:
        read()
    assert caught.value.message.endswith(".")
    assert caught.value.hint.endswith(".")
    return caught.value


def _frame(**changed: object) -> pl.DataFrame:
    columns: dict[str, object] = {
        "subject_a": ["p", "p", "q"],
        "subject_b": ["p", "q", "q"],
        "score": [0.9, 0.1, 0.8],
        "group_a": ["x", "x", "y"],
        "group_b": ["x", "y", "y"],
    }
    return pl.DataFrame(columns | changed)


def _vectors(**changed: object) -> dict[str, object]:
    columns: dict[str, object] = {
        "sample": ["1", "2", "1"],
        "subject": ["p", "p", "q"],
        "group": ["x", "x", "y"],
        "vector": [[3.0, 4.0], [0.0, 2.0], [1.0, 0.0]],
    }
    return columns | changed


def _parquet(folder: Path, columns: Mapping[str, object] | pl.DataFrame) -> Path:
    frame = columns if isinstance(columns, pl.DataFrame) else pl.DataFrame(columns)
    frame.write_parquet(folder / "t.parquet")
    return folder / "t.parquet"


def _npz(folder: Path, **changed: object) -> Path:
    arrays = _vectors(vector=np.array(_vectors()["vector"], np.float32)) | changed
    stacked: dict[str, Any] = {name: np.asarray(each) for name, each in arrays.items()}
    np.savez(folder / "t.npz", **stacked)
    return folder / "t.npz"


def test_a_csv_and_a_parquet_file_of_the_same_rows_read_alike(tmp_path: Path) -> None:
    as_csv = read_scores(_write(tmp_path, _frame().write_csv()), GROUP)
    as_parquet = read_scores(_parquet(tmp_path, _frame()), GROUP)
    for table in (as_csv, as_parquet):
        assert table.subjects.names == ("p", "q")
        assert table.subjects.a.tolist() == [0, 0, 1]
        assert table.subjects.b.tolist() == [0, 1, 1]
        assert [each.names for each in table.groups] == [("x", "y")]
        assert table.groups[0].b.tolist() == [0, 1, 1]
        assert table.scores.tolist() == [0.9, 0.1, 0.8]
        assert table.samples is None
    assert [as_csv.file.place(1), as_parquet.file.place(1)] == ["line 3", "row 2"]


def test_headings_and_labels_are_trimmed_and_written_one_way(tmp_path: Path) -> None:
    decomposed = "e\u0301toile"
    text = f"subject_a, subject_b ,score,group_a,group_b\n p ,q, 0.5 , {decomposed},\u00e9toile \n"
    table = read_scores(_write(tmp_path, "\ufeff" + text), GROUP)
    assert table.subjects.names == ("p", "q")
    assert table.groups[0].names == ("\u00e9toile",)
    assert table.scores.tolist() == [0.5]


def test_groups_that_cross_are_in_columns_of_their_own_and_others_are_not_read(
    tmp_path: Path,
) -> None:
    frame = _frame(gender_a=["w"] * 3, gender_b=["w", "m", "m"], note=["a,b", "", "c"])
    table = read_scores(_write(tmp_path, frame.write_csv()), ("group", "gender"))
    assert [each.column for each in table.groups] == ["group", "gender"]
    assert table.groups[1].names == ("m", "w")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("subject_a,score,group_a,group_b\np,1,x,x\n", "no column subject_b"),
        ("subject_a,subject_b,score,group_a,group_b,score\np,q,1,x,x,2\n", "two columns score"),
        (HEAD.strip() + ",sample_a\np,q,1,x,x,1\n", "no column sample_b"),
        (HEAD, "it has no rows"),
        (HEAD + "p,q,0.5,x,x\n\np,q,nan,x,x\n", "line 4: score is 'nan', which is not a finite"),
        (HEAD + "p,q,-inf,x,x\np,q,inf,x,x\n", "line 2: score is '-inf'"),
        (HEAD + "p,q,high,x,x\n", "line 2: score is 'high', which is not a number"),
        (HEAD + 'p,q,"0,5",x,x\n', "line 2: score is '0,5', which is not a number"),
        (HEAD + "p,q,0.5,x,x\np,q,,x,x\n", "line 3: score is empty"),
        (HEAD + "p,q,0.5,x,x\np, ,0.5,x,x\n", "line 3: subject_b is empty"),
        (HEAD + "p,q,0.5,x\np,q,0.5,x\n", "line 2: group_b is empty, and 1 more rows"),
        (HEAD + "p,q,0.5,x,x,y\n", "line 2 has 6 cells, and there are 5 columns"),
        (HEAD + 'p,q,0.5,"x\ny",x\n', "line 2: group_a is 'x\\ny', which cannot be a label"),
        (HEAD + 'p,q,0.5,"x,x\np,q,0.5,x,x\n', "line 2: a cell is not quoted"),
        (HEAD + "p,q,0.5,x,x\np,q,0.5,x,x\r,y\n", "line 3 holds a carriage return"),
        (HEAD + 'p,q,,x,"x"y\n', "line 2: a cell is not quoted"),
        (HEAD + 'p,q,0.5,x,x\np,q,0.5,x,x"y\n', "line 3 cannot be read as CSV"),
        (HEAD + "p,q,0.5,x,x\n" * 300 + "p,q,0.5,x,x,\n", "line 302 has 6 cells"),
        (HEAD.replace(",", ";") + "p;q;0.5;x;x\n", "separated by semicolons"),
        (HEAD.replace(",", "\t") + "p\tq\t0.5\tx\tx\n", "separated by tabs"),
        ("", "it is empty"),
        ("just a letter\n", "no column subject_a"),
        (HEAD.encode() + b"p,q,0.5,\xff,x\n", "line 2 is not text in UTF-8"),
        (HEAD.encode("utf-16"), "text in UTF-16"),
        (b"\x89PNG\r\n\x1a\n\x00\x00", "its first line is not text in UTF-8"),
        (b"GIF89a\x00\x00", "it is not CSV or Parquet"),
        (b"\x1f\x8b\x08\x00", "compressed with gzip"),
        (b"PK\x03\x04....", "it is not CSV or Parquet"),
        (b"PAR1 and nothing else", "it cannot be read as Parquet"),
    ],
)
def test_a_table_of_scores_that_cannot_be_measured_says_where_and_why(
    tmp_path: Path, text: str | bytes, said: str
) -> None:
    refusal = _refusal(lambda: read_scores(_write(tmp_path, text), GROUP))
    assert refusal.code is Code.BAD_TABLE
    assert refusal.message.startswith("t.csv: ")
    assert said in refusal.message


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"score": [0.1, None, 0.2]}, "row 2: score is empty"),
        ({"score": [0.1, 0.2, float("nan")]}, "row 3: score is 'nan'"),
        ({"score": ["0.1", "0.2", "much"]}, "row 3: score is 'much', which is not a number"),
        ({"score": [[0.1], [0.2], [0.3]]}, "column score holds List(Float64), not numbers"),
        ({"group_b": ["x", None, "y"]}, "row 2: group_b is empty"),
        ({"subject_a": [1.0, 2.0, 3.0]}, "column subject_a holds Float64, not names"),
    ],
)
def test_a_parquet_table_of_scores_is_held_to_the_same(
    tmp_path: Path, changed: dict[str, object], said: str
) -> None:
    refusal = _refusal(lambda: read_scores(_parquet(tmp_path, _frame(**changed)), GROUP))
    assert refusal.code is Code.BAD_TABLE
    assert said in refusal.message


def test_people_may_be_numbered_and_scores_whole_numbers(tmp_path: Path) -> None:
    frame = _frame(subject_a=[1, 1, 2], subject_b=[1, 2, 2], score=[90, 10, 80])
    table = read_scores(_parquet(tmp_path, frame), GROUP)
    assert table.subjects.names == ("1", "2")
    assert table.scores.tolist() == [90.0, 10.0, 80.0]


def test_one_bad_row_in_a_million_is_named(tmp_path: Path) -> None:
    rows = ["p,q,0.5,x,y\n"] * 1_000_000
    rows[777_000] = "p,q,O.5,x,y\n"
    refusal = _refusal(lambda: read_scores(_write(tmp_path, HEAD + "".join(rows)), GROUP))
    assert "line 777002: score is 'O.5'" in refusal.message


def test_a_quoted_cell_that_spans_lines_does_not_shift_the_line_that_is_named(
    tmp_path: Path,
) -> None:
    text = HEAD.strip() + ',note\np,q,0.5,x,x,"two\nlines"\np,q,bad,x,x,one\n'
    refusal = _refusal(lambda: read_scores(_write(tmp_path, text), GROUP))
    assert "line 4: score is 'bad'" in refusal.message


def test_embeddings_read_alike_from_parquet_and_npz_and_get_unit_length(tmp_path: Path) -> None:
    fixed = pl.DataFrame(_vectors(), schema_overrides={"vector": pl.Array(pl.Float32, 2)})
    for path in (_parquet(tmp_path, _vectors()), _npz(tmp_path), _parquet(tmp_path, fixed)):
        table = read_embeddings(path, GROUP)
        assert table.subjects.names == ("p", "q")
        assert table.subjects.codes.tolist() == [0, 0, 1]
        assert table.samples.codes.tolist() == [0, 1, 0]
        assert table.groups[0].names == ("x", "y")
        assert table.vectors.dtype == np.float32
        expected = np.array([[0.6, 0.8], [0.0, 1.0], [1.0, 0.0]])
        assert np.allclose(table.vectors, expected, rtol=1e-6)


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"vector": [[3.0, 4.0], [0.0, 0.0], [1.0, 0.0]]}, "row 2: vector is all zeros"),
        ({"vector": [[3.0, 4.0], [0.0, 1.0], [float("nan"), 0.0]]}, "row 3: vector holds NaN"),
        ({"vector": [[3.0, 4.0], [float("inf"), 1.0], [1.0, 0.0]]}, "row 2: vector holds NaN"),
        ({"vector": [[3.0, 4.0], [None, 1.0], [1.0, 0.0]]}, "row 2: vector holds NaN"),
        ({"vector": [[3.0, 4.0], None, [1.0, 0.0]]}, "row 2: vector is empty"),
        ({"vector": [[3.0, 4.0], [1.0], [1.0, 0.0]]}, "row 2: vector has 1 numbers"),
        ({"vector": [[3, 4], [0, 2], [1, 0]]}, "column vector holds List(Int64)"),
        ({"vector": ["3 4", "0 2", "1 0"]}, "column vector holds String"),
        ({"vector": [[], [], []]}, "column vector holds List(Null)"),
        ({"subject": ["p", None, "q"]}, "row 2: subject is empty"),
        ({"group": ["x", "", "y"]}, "row 2: group is empty"),
    ],
)
def test_embeddings_that_cannot_be_measured_say_where_and_why(
    tmp_path: Path, changed: dict[str, object], said: str
) -> None:
    refusal = _refusal(lambda: read_embeddings(_parquet(tmp_path, _vectors(**changed)), GROUP))
    assert refusal.code is Code.BAD_TABLE
    assert said in refusal.message


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"vector": np.ones((3, 2), np.int8)}, "array vector holds int8"),
        ({"vector": np.ones(3, np.float32)}, "in shape (3,)"),
        ({"vector": np.zeros((3, 2), np.float32)}, "row 1 (and 2 more): vector is all zeros"),
        ({"vector": np.ones((3, 0), np.float32)}, "vector has no numbers"),
        ({"vector": np.ones((0, 2), np.float32)}, "array sample has shape (3,)"),
        ({"subject": np.array(["p", "q"])}, "array subject has shape (2,)"),
        ({"subject": np.array([0.1, 0.2, 0.3])}, "array subject holds float64, not names"),
        ({"subject": np.array(["p", "p", "q"], object)}, "Python objects, which only unpickling"),
    ],
)
def test_an_npz_file_is_held_to_the_same_and_never_unpickled(
    tmp_path: Path, changed: dict[str, object], said: str
) -> None:
    refusal = _refusal(lambda: read_embeddings(_npz(tmp_path, **changed), GROUP))
    assert refusal.code is Code.BAD_TABLE
    assert said in refusal.message


def test_an_npz_file_without_an_array_or_cut_short_is_refused(tmp_path: Path) -> None:
    assert (
        "no column gender" in _refusal(lambda: read_embeddings(_npz(tmp_path), ("gender",))).message
    )
    content = _npz(tmp_path).read_bytes()
    cut = _write(tmp_path, content[: len(content) // 2], "t.npz")
    assert "cannot be read as NPZ" in _refusal(lambda: read_embeddings(cut, GROUP)).message


@pytest.mark.parametrize("content", [b"", b"sample,subject,group,vector\n", b"\x80\x04pickled"])
def test_what_is_neither_parquet_nor_npz_is_no_table_of_embeddings(
    tmp_path: Path, content: bytes
) -> None:
    refusal = _refusal(lambda: read_embeddings(_write(tmp_path, content, "t.npz"), GROUP))
    assert refusal.code is Code.BAD_TABLE
    assert "Parquet or NPZ" in f"{refusal.message} {refusal.hint}"


def test_a_single_numpy_array_is_told_from_an_archive(tmp_path: Path) -> None:
    stream = io.BytesIO()
    np.save(stream, np.ones((2, 2)))
    path = _write(tmp_path, stream.getvalue(), "t.npz")
    assert "a single NumPy array" in _refusal(lambda: read_embeddings(path, GROUP)).message


@pytest.mark.parametrize("content", [b"\x9c\xf1\x07PAR1\xe8\xaa", b"\x00" * 9, HEAD.encode()])
def test_a_file_named_as_parquet_that_is_none_is_told_so(tmp_path: Path, content: bytes) -> None:
    path = _write(tmp_path, content, "t.parquet")
    for read in (read_scores, read_embeddings):
        refusal = _refusal(partial(read, path, GROUP))
        assert refusal.code is Code.BAD_TABLE
        assert "named as a Parquet file, and is none" in refusal.message
        assert "CSV" not in f"{refusal.message} {refusal.hint}"


def test_a_file_that_is_not_there_or_is_none_is_told_apart_from_a_bad_table(tmp_path: Path) -> None:
    missing = _refusal(lambda: read_scores(tmp_path / "none.csv", GROUP))
    assert missing.code is Code.FILE_MISSING
    assert _refusal(lambda: read_scores(tmp_path, GROUP)).code is Code.NOT_A_FILE
