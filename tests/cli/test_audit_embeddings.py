"""`chiso audit embeddings`, end to end: vectors in, every comparison formed, a verdict out."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from numpy.typing import NDArray
from tests.cli.running import Outcome, assert_error

from chiso.interfaces.cli.main import main

Audit = Callable[..., Outcome]


@pytest.fixture
def audit(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Audit:
    """`chiso audit embeddings`, without a home."""
    monkeypatch.delenv("CHISO_HOME", raising=False)

    def run(*words: str | Path) -> Outcome:
        capsys.readouterr()
        status = main(["audit", "embeddings", *map(str, words), "--json"])
        said = capsys.readouterr()
        return Outcome(status, said.out, said.err)

    return run


def _vectors(people: int, samples: int = 2) -> NDArray[np.float32]:
    chance = np.random.default_rng(4)
    centres = chance.normal(size=(people, 1, 64))
    vectors = centres + 0.3 * chance.normal(size=(people, samples, 64))
    return (10 * vectors.reshape(-1, 64)).astype(np.float32)


def _frame(people: int, samples: int = 2) -> pl.DataFrame:
    who = np.repeat(np.arange(people), samples)
    return pl.DataFrame(
        {
            "sample": np.tile(np.arange(samples), people),
            "subject": [f"p{each:02}" for each in who],
            "group": [("x", " y ")[each % 2] for each in who],
            "vector": list(_vectors(people, samples)),
        }
    )


def _written(frame: pl.DataFrame, folder: Path) -> Path:
    frame.write_parquet(folder / "e.parquet")
    return folder / "e.parquet"


def test_every_two_samples_are_compared_once(audit: Audit, tmp_path: Path) -> None:
    words = ("--threshold", "0.5", "--out", tmp_path / "out")
    done = audit(_written(_frame(12, 3), tmp_path), *words)
    assert done.status == 0, done
    everyone, x, y = done.document["groups"]
    assert (x["group"], y["group"]) == ("x", "y")
    assert everyone["fnmr"]["trials"] == 12 * 3
    assert everyone["fmr"]["trials"] == 66 * 9
    assert x["fmr"]["trials"] == y["fmr"]["trials"] == 15 * 9
    assert everyone["samples"] == 36


def test_parquet_and_npz_of_the_same_samples_say_the_same(audit: Audit, tmp_path: Path) -> None:
    frame = _frame(12)
    subject, group = (np.array(frame[name].to_list()) for name in ("subject", "group"))
    np.savez(
        tmp_path / "e.npz",
        sample=frame["sample"].to_numpy(),
        subject=subject,
        group=group,
        vector=_vectors(12),
    )
    words = ("--target-fmr", "0.05", "--out")
    one = audit(_written(frame, tmp_path), *words, tmp_path / "a").document
    other = audit(tmp_path / "e.npz", *words, tmp_path / "b").document
    assert one["groups"] == other["groups"]
    assert one["threshold"] == other["threshold"]


def test_normalisers_are_put_side_by_side_on_people_they_were_not_fitted_to(
    audit: Audit, tmp_path: Path
) -> None:
    words = ("--normaliser", "all", "--target-fmr", "0.05", "--out", tmp_path / "out")
    done = audit(_written(_frame(72), tmp_path), *words)
    assert done.status == 0, done
    page = (tmp_path / "out" / "report.json").read_text()
    for name in ("none", "as-norm", "fsn", "faircal", "local-density", "oracle-group"):
        assert f'"name": "{name}"' in page
    assert done.document["groups"][0]["people"] == 24  # a third of them
    assert done.document["normalisers"][0]["name"] == "none"
    written = ("report.html", "report.json", "model-card.md")
    for text in ((tmp_path / "out" / name).read_text() for name in written):
        assert not re.search(r'[Nn]ormaliser(": "|: |</dt><dd>|</th><td>)none', text)
    judged = done.document["judgements"]
    (own,) = (one for one in judged if (one["groups"], one["measure"]) == (["x"], "FMR"))
    assert (own["limit"], own["verdict"]) == (0.05, "undecided")


def test_at_a_given_threshold_normalisers_are_said_to_be_compared_in_sample(
    audit: Audit, tmp_path: Path
) -> None:
    words = ("--normaliser", "fsn", "--threshold", "0.5", "--out", tmp_path / "out")
    done = audit(_written(_frame(72), tmp_path), *words)
    assert done.status == 0, done
    none, fsn = done.document["normalisers"]
    assert "same pooled FMR on the test itself" in none["why"]
    page = (tmp_path / "out" / "report.html").read_text()
    assert "in-sample" in page
    assert "none: what the others are compared with" in page
    assert "fsn: not recommended" in page
    assert fsn["changes"][0]["fmr"]["errors"] <= none["changes"][0]["fmr"]["errors"]


def test_a_normaliser_that_nobody_knows_or_that_has_too_few_people_is_refused(
    audit: Audit, tmp_path: Path
) -> None:
    path = _written(_frame(12), tmp_path)
    out = ("--out", tmp_path / "out")
    assert_error(audit(path, "--normaliser", "magic", *out), 2, "bad-argument", "faircal")
    few = audit(path, "--normaliser", "fsn", "--threshold", "0.5", *out)
    assert_error(few, 2, "bad-argument", "20 calibration people")


def test_the_same_sample_twice_is_refused_naming_both_rows(audit: Audit, tmp_path: Path) -> None:
    frame = _frame(4).with_columns(sample=pl.Series([0, 1, 0, 1, 0, 0, 0, 1]))
    refused = audit(_written(frame, tmp_path), "--out", tmp_path / "out")
    assert_error(refused, 2, "bad-table", "row 5 and row 6 are both sample '0' of 'p02'")


def test_a_person_in_two_groups_is_refused_naming_both_rows(audit: Audit, tmp_path: Path) -> None:
    frame = _frame(4).with_columns(group=pl.Series(["x", "x", "y", "x", "x", "x", "y", "y"]))
    refused = audit(_written(frame, tmp_path), "--out", tmp_path / "out")
    assert_error(refused, 2, "bad-table", "'p01' is 'y' in row 3 and 'x' in row 4")


def test_copies_of_a_vector_and_single_samples_are_told(audit: Audit, tmp_path: Path) -> None:
    vectors = _vectors(8, 1)
    vectors[3] = vectors[5] * 2
    frame = _frame(8, 1).with_columns(vector=pl.Series(list(vectors)))
    words = ("--threshold", "0.5", "--out", tmp_path / "out")
    notes = " ".join(audit(_written(frame, tmp_path), *words).document["notes"])
    assert "1 samples have exactly the vector of another one" in notes
    assert "false non-matches cannot be measured" in notes


@pytest.mark.parametrize("threshold", ["2", "-1.5", "nan"])
def test_a_threshold_that_is_no_cosine_is_refused(
    audit: Audit, tmp_path: Path, threshold: str
) -> None:
    out = tmp_path / "out"
    refused = audit(tmp_path / "any.npz", f"--threshold={threshold}", "--out", out, "--json")
    assert_error(refused, 2, "bad-argument", "--threshold", "Give another number")
    assert not out.exists()
