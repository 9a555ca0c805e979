"""`chiso audit scores`, end to end: any vendor's table in, a verdict and a report out."""

from __future__ import annotations

import csv
import hashlib
import json
import os
import sqlite3
from collections.abc import Callable, Sequence
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest
from tests.cli.running import Chiso, Outcome, assert_error, assert_whole

from chiso.interfaces.cli import audit_answer
from chiso.interfaces.cli.main import main

FILES = {"report.html", "report.json", "model-card.md"}
Row = tuple[str, str, float, str, str]
Audit = Callable[..., Outcome]


@pytest.fixture
def audit(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Audit:
    """`chiso audit scores`, without a home."""
    monkeypatch.delenv("CHISO_HOME", raising=False)

    def run(*words: str | Path) -> Outcome:
        capsys.readouterr()
        status = main(["audit", "scores", *map(str, words)])
        said = capsys.readouterr()
        return Outcome(status, said.out, said.err)

    return run


def _rows(sizes: dict[str, int], false_score: dict[str, float]) -> list[Row]:
    """Everyone once with herself and once with each other; false scores by group, with a spread."""
    people = [(f"{group}{one}", group) for group, size in sizes.items() for one in range(size)]
    chance = np.random.default_rng(5)
    rows: list[Row] = [(who, who, 0.95, group, group) for who, group in people]
    for index, (one, group) in enumerate(people):
        for other, others in people[index + 1 :]:
            centre = false_score[group] if group == others else 0.1
            score = float(centre + 0.02 * chance.normal())
            rows.append((one, other, score, group, others))
    return rows


def _write(path: Path, rows: Sequence[Row], sign: float = 1.0) -> Path:
    with path.open("w", newline="") as file:
        table = csv.writer(file)
        table.writerow(["subject_a", "subject_b", "score", "group_a", "group_b"])
        table.writerows((a, b, sign * score, x, y) for a, b, score, x, y in rows)
    return path


def _even(tmp_path: Path) -> Path:
    return _write(tmp_path / "even.csv", _rows({"x": 12, "y": 12}, {"x": 0.1, "y": 0.1}))


def test_a_report_is_written_and_its_verdict_said_in_words(audit: Audit, tmp_path: Path) -> None:
    rows = _rows({"x": 30, "y": 30}, {"x": 0.1, "y": 0.8})
    out = tmp_path / "out"
    done = audit(_write(tmp_path / "scores.csv", rows), "--threshold", "0.5", "--out", out)
    assert done.status == 0, done
    assert {path.name for path in out.iterdir()} == FILES
    assert "Fail: " in done.stdout
    assert "435 of 435" in done.stdout  # every comparison of two people of y
    assert "0 of 435" in done.stdout
    assert str(out / "report.html") in done.stdout
    assert "does not name samples" in done.stderr


def test_a_table_by_a_name_that_is_not_utf_8_is_refused_and_a_report_may_have_one(
    audit: Audit, tmp_path: Path
) -> None:
    out = tmp_path / os.fsdecode(b"r\xe9sum\xe9")
    told = audit(_even(tmp_path), "--threshold", "0.5", "--out", out)
    assert told.status == 0, told
    assert r"r\udce9sum\udce9/report.html" in told.stdout
    assert {path.name for path in out.iterdir()} == FILES
    odd = _even(tmp_path).rename(tmp_path / os.fsdecode(b"caf\xe9.csv"))
    refused = audit(odd, "--threshold", "0.5", "--out", tmp_path / "other", "--json")
    assert_error(refused, 2, "bad-argument", r"caf\xe9.csv' is not UTF-8", "Rename the file")


def test_json_is_one_object_with_verdict_files_digests_and_group_rows(
    audit: Audit, tmp_path: Path
) -> None:
    table, out = _even(tmp_path), tmp_path / "out"
    document = audit(table, "--out", out, "--target-fmr", "0.1", "--json").document
    assert document["verdict"] == "undecided"  # of six people a group
    assert document["input_sha256"] == hashlib.sha256(table.read_bytes()).hexdigest()
    assert set(document["files"]) == FILES
    for name, path in document["files"].items():
        assert document["sha256"][name] == hashlib.sha256(Path(path).read_bytes()).hexdigest()
    assert [each["group"] for each in document["groups"]] == ["everyone", "x", "y"]
    assert document["groups"][1]["fmr"]["trials"] == 15  # six of twelve people are in the test
    assert document["leaf"] is None


def test_a_distance_is_turned_round_and_shown_as_the_vendor_has_it(
    audit: Audit, tmp_path: Path
) -> None:
    rows = _rows({"x": 12, "y": 12}, {"x": 0.1, "y": 0.6})
    alike = _write(tmp_path / "alike.csv", rows)
    apart = _write(tmp_path / "apart.csv", rows, sign=-1.0)
    plain = audit(alike, "--threshold", "0.5", "--out", tmp_path / "a", "--json").document
    turned = audit(
        apart, "--distance", "--threshold=-0.5", "--out", tmp_path / "b", "--json"
    ).document
    assert [each["fmr"] for each in turned["groups"]] == [each["fmr"] for each in plain["groups"]]
    assert "a score of 0.5 or more" in plain["summary"]
    assert "a score of −0.5 or less" in turned["summary"]
    assert json.loads((tmp_path / "b" / "report.json").read_text())["provenance"]["is_distance"]


def test_scores_read_the_wrong_way_round_are_told(audit: Audit, tmp_path: Path) -> None:
    rows = _rows({"a": 6, "b": 6}, {"a": 0.1, "b": 0.1})
    distances = _write(tmp_path / "distances.csv", rows, sign=-1.0)
    told = audit(distances, "--threshold=-0.5", "--out", tmp_path / "out", "--json")
    assert any("give --distance" in note for note in told.document["notes"])
    right = audit(
        distances, "--distance", "--threshold=-0.5", "--out", tmp_path / "right", "--json"
    )
    assert not any("--distance" in note for note in right.document["notes"])
    assert right.document["threshold"]["value"] == -0.5
    assert right.document["threshold"]["is_distance"] is True


def test_groups_cross(audit: Audit, tmp_path: Path) -> None:
    path = tmp_path / "crossed.csv"
    rows = _rows({"x": 8, "y": 8}, {"x": 0.1, "y": 0.1})
    gender = {who: "wm"[index % 2] for index, who in enumerate(sorted({row[0] for row in rows}))}
    with path.open("w", newline="") as file:
        table = csv.writer(file)
        names = ["subject_a", "subject_b", "score", "tribe_a", "tribe_b", "gender_a", "gender_b"]
        table.writerow(names)
        table.writerows((*row, gender[row[0]], gender[row[1]]) for row in rows)
    words = ("--by", "tribe", "--by", "gender", "--threshold", "0.5", "--json")
    document = audit(path, *words, "--out", tmp_path / "out").document
    assert [each["group"] for each in document["groups"]][1:] == [
        "x × m",
        "x × w",
        "y × m",
        "y × w",
    ]


def test_one_group_and_a_group_of_one_are_measured_and_said(audit: Audit, tmp_path: Path) -> None:
    one = _write(tmp_path / "one.csv", _rows({"x": 10}, {"x": 0.1}))
    done = audit(one, "--threshold", "0.5", "--out", tmp_path / "a")
    assert done.status == 0
    assert "cannot say whether groups are treated alike" in done.stdout
    rows = _rows({"x": 10, "y": 1}, {"x": 0.1, "y": 0.1})
    alone = _write(tmp_path / "alone.csv", rows)
    done = audit(alone, "--threshold", "0.5", "--out", tmp_path / "b")
    assert done.status == 0
    assert "y: 1 person" in done.stdout


def test_what_is_missing_altogether_is_said(audit: Audit, tmp_path: Path) -> None:
    rows = _rows({"x": 8, "y": 8}, {"x": 0.1, "y": 0.1})
    false_only = _write(tmp_path / "false.csv", [row for row in rows if row[0] != row[1]])
    done = audit(false_only, "--threshold", "0.5", "--out", tmp_path / "a")
    assert done.status == 0, done
    assert "false non-matches cannot be measured" in done.stderr
    mated = _write(tmp_path / "mated.csv", [row for row in rows if row[0] == row[1]])
    done = audit(mated, "--threshold", "0.5", "--out", tmp_path / "b")
    assert done.status == 0, done
    assert "false matches cannot be measured" in done.stderr
    refused = audit(mated, "--out", tmp_path / "c", "--json")
    assert_error(refused, 2, "bad-argument", "--threshold")


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ("x0,y0,0.5,y,y", "'x0' is 'x' in line 2 and 'y' in line 5 (column group)"),
        ("x0,z0,0.5,x,X", "'X' and 'x'"),
        ("y0,x0,0.1,y,x", "line 3 and line 5 both compare 'x0' and 'y0'"),
        ("x0,y0,nan,x,y", "line 5: score is 'nan'"),
    ],
)
def test_rows_that_contradict_are_named_and_nothing_is_written(
    audit: Audit, tmp_path: Path, row: str, said: str
) -> None:
    path = tmp_path / "scores.csv"
    head = "subject_a,subject_b,score,group_a,group_b"
    path.write_text(f"{head}\nx0,x0,0.9,x,x\nx0,y0,0.1,x,y\ny0,y0,0.9,y,y\n{row}\n")
    refused = audit(path, "--threshold", "0.5", "--out", tmp_path / "out", "--json")
    assert_error(refused, 2, "bad-table", said)
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--threshold", "nan"), "--threshold"),
        (("--target-fmr", "1"), "--target-fmr"),
        (("--max-fmr", "0"), "--max-fmr"),
        (("--max-fnmr", "nan"), "--max-fnmr"),
        (("--max-fmr-ratio", "0.5"), "--max-fmr-ratio"),
        (("--max-fnmr-difference", "-1"), "--max-fnmr-difference"),
        (("--by", "group", "--by", "group"), "--by names group twice"),
        (("--by", " "), "column"),
    ],
)
def test_limits_that_mean_nothing_are_refused(
    audit: Audit, tmp_path: Path, words: tuple[str, ...], said: str
) -> None:
    refused = audit(_even(tmp_path), *words, "--out", tmp_path / "out", "--json")
    assert_error(refused, 2, "bad-argument", said)


def test_a_file_that_is_not_there_is_status_6_and_a_full_folder_is_left_alone(
    audit: Audit, tmp_path: Path
) -> None:
    missing = audit(tmp_path / "none.csv", "--out", tmp_path / "out", "--json")
    assert_error(missing, 6, "file-missing", "none.csv")
    assert_error(audit(_even(tmp_path), "--out", tmp_path, "--json"), 2, "bad-argument", "--out")


def test_the_digest_of_a_report_is_a_leaf_of_the_home_that_was_named(
    run: Chiso, tmp_path: Path
) -> None:
    words = ("audit", "scores", _even(tmp_path), "--target-fmr", "0.1", "--out", tmp_path / "out")
    document = run(*words).document
    assert_whole(run)
    with closing(sqlite3.connect(run.home / "store.sqlite3")) as store:
        (body,) = store.execute(
            "SELECT body FROM log_payloads WHERE seq = ?", (document["leaf"],)
        ).fetchone()
    said = json.loads(body)
    assert said["type"] == "audit-recorded"
    assert said["report_sha256"] == document["sha256"]
    assert said["input_sha256"] == document["input_sha256"]


def test_an_interrupted_audit_leaves_nothing(
    audit: Audit, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(audit_answer, "write_folder", interrupt)
    assert audit(_even(tmp_path), "--target-fmr", "0.1", "--out", tmp_path / "out").status == 130
    assert not (tmp_path / "out").exists()
