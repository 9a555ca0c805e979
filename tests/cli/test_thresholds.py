"""`chiso threshold`: records of embeddings and of audits, what they say, what is refused."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tests.cli.running import PURPOSE, Chiso

from chiso import wiring
from chiso.compare.threshold import parse_record, record_bytes
from chiso.interfaces.cli.main import main
from chiso.services import thresholds

_PEOPLE = 40
Run = Callable[..., tuple[int, dict[str, Any]]]


@pytest.fixture
def told(capsys: pytest.CaptureFixture[str]) -> Run:
    def telling(*words: str | Path) -> tuple[int, dict[str, Any]]:
        capsys.readouterr()
        status = main([*map(str, words), "--json"])
        return status, json.loads(capsys.readouterr().out)

    return telling


def _embeddings(path: Path, samples: int = 2, dimensions: int = 128, noise: float = 0.03) -> Path:
    """People in two groups, everyone a little like everyone, as a recogniser sees them."""
    chance = np.random.default_rng(3)
    common = np.zeros(dimensions)
    common[0] = 2.0
    faces = common + chance.standard_normal((_PEOPLE, dimensions)) * 0.1
    person = np.repeat(np.arange(_PEOPLE), samples)
    blur = chance.standard_normal((len(person), dimensions)) * noise
    np.savez(
        path,
        subject=np.array([f"p{each:03}" for each in person]),
        sample=np.array([str(at) for at in range(len(person))]),
        group=np.array(["ab"[each % 2] for each in person]),
        vector=(faces[person] + blur).astype(np.float32),
    )
    return path


@pytest.fixture
def report(told: Run, tmp_path: Path) -> Path:
    file = _embeddings(tmp_path / "set.npz")
    status, _ = told("audit", "embeddings", file, "--out", tmp_path / "report")
    assert status == 0
    return tmp_path / "report" / "report.json"


def test_embeddings_give_a_record_with_everything_needed_to_doubt_it(
    told: Run, tmp_path: Path
) -> None:
    file, out = _embeddings(tmp_path / "set.npz"), tmp_path / "record.json"
    status, said = told("threshold", "fit", "--from", file, "--out", out, "--target-fpir", "0.02")
    assert status == 0
    record = parse_record(out.read_bytes())
    assert record_bytes(record) + b"\n" == out.read_bytes()
    assert (record.people, record.format, record.target_fpir) == (_PEOPLE, 2, 0.02)
    assert record.set_by in {"everyone", "a", "b"}
    assert {group.group: group.people for group in record.groups}["a"] == _PEOPLE // 2
    assert record.interval is not None
    assert [tail.group for tail in record.tails] == ["everyone", "a", "b"]
    values = [level.value for level in record.at_scale]
    assert values == sorted(values)
    assert values[0] >= record.value
    assert all(level.fpir <= 0.02 + 1e-9 for level in record.at_scale)
    assert said["record_id"] == record.record_id


def test_a_record_of_an_audit_counts_other_people_than_it_was_fixed_on(
    told: Run, report: Path, tmp_path: Path
) -> None:
    out = tmp_path / "record.json"
    assert told("threshold", "fit", "--from", report, "--out", out)[0] == 0
    record = parse_record(out.read_bytes())
    audited = json.loads(report.read_text())["findings"]
    assert record.value == audited["threshold"]["value"]
    assert record.people == audited["threshold"]["people"] < _PEOPLE
    assert record.counted_on == "other-people"
    assert record.interval is None
    everyone, ours = audited["groups"][0], record.groups[0]
    assert ours.false_matches == everyone["fmr"]["errors"]
    assert list(ours.fmr_interval) == everyone["fmr"]["interval"]
    assert [tail.group for tail in record.tails] == ["everyone", "a", "b"]


def test_a_record_of_an_audit_has_one_interval_for_one_count_at_every_size_of_search(
    told: Run, tmp_path: Path
) -> None:
    file, out = _embeddings(tmp_path / "set.npz", noise=0.08), tmp_path / "record.json"
    assert told("audit", "embeddings", file, "--out", tmp_path / "report")[0] == 0
    report = tmp_path / "report" / "report.json"
    assert told("threshold", "fit", "--from", report, "--out", out)[0] == 0
    record = parse_record(out.read_bytes())
    intervals = {(each.group, each.false_nonmatches): each.fnmr_interval for each in record.groups}
    assert record.at_scale[-1].value > record.value
    again = 0
    for level in record.at_scale:
        for each in level.misses:
            again += level.value > record.value and (each.group, each.missed) in intervals
            assert intervals.setdefault((each.group, each.missed), each.interval) == each.interval
            assert each.interval[0] <= each.missed / each.mated <= each.interval[1]
    assert again, "no count is there at two thresholds, so this shows nothing"
    assert len(intervals) > len(record.groups), "no search misses more, so this shows half of it"


def test_a_record_is_shown_with_what_searches_cost_and_old_ones_say_what_they_lack(
    report: Path, tmp_path: Path, told: Run, capsys: pytest.CaptureFixture[str]
) -> None:
    home = ("--home", tmp_path / "home")
    assert told("init", *home)[0] == 0
    status, made = told("threshold", "fit", "--from", report, *home)
    assert status == 0
    status, shown = told("threshold", "show", made["record_id"], *home)
    assert (status, shown["in_use"]) == (0, False)
    assert main(["threshold", "show", made["record_id"], *map(str, home)]) == 0
    text = capsys.readouterr().out
    for words in ("1,000,000", "model, not a measurement", "other people", "no interval was made"):
        assert words in text
    assert told("threshold", "show", "nobody", *home)[1]["error"]["code"] == "threshold-missing"


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (lambda report: report | {"format": "chiso-tone-1"}, "format is 'chiso-tone-1'"),
        (lambda report: {"format": report["format"]}, "title"),
        (lambda _report: [], "format is None"),
    ],
    ids=["another format", "parts missing", "no object"],
)
def test_a_file_that_is_no_audits_report_is_refused(
    spoil: Callable[[Any], Any], said: str, report: Path, tmp_path: Path, told: Run
) -> None:
    report.write_text(json.dumps(spoil(json.loads(report.read_text()))))
    status, answer = told("threshold", "fit", "--from", report, "--out", tmp_path / "record.json")
    assert (status, answer["error"]["code"]) == (2, "bad-argument")
    assert said in answer["error"]["message"]
    assert not (tmp_path / "record.json").exists()


def test_a_report_on_another_model_is_refused(report: Path, tmp_path: Path, told: Run) -> None:
    document = json.loads(report.read_text())
    document["provenance"]["models"] = {
        "detector": "d",
        "detector_sha256": "0" * 64,
        "embedder": "someone's",
        "embedder_digest": "1" * 64,
    }
    report.write_text(json.dumps(document))
    _, answer = told("threshold", "fit", "--from", report, "--out", tmp_path / "record.json")
    assert answer["error"]["code"] == "model-mismatch"
    assert "someone's" in answer["error"]["message"]


def test_a_record_of_scores_that_are_no_cosines_claims_no_model_of_searches(
    told: Run, report: Path, tmp_path: Path
) -> None:
    notes = []
    for name, scale in (("cosines", 1), ("others", 10)):
        document = json.loads(report.read_text())
        for group in document["findings"]["groups"]:
            edges = group["nonmated_scores"]["edges"]
            group["nonmated_scores"]["edges"] = [scale * edge for edge in edges]
        (tmp_path / f"{name}.json").write_text(json.dumps(document))
        out = tmp_path / f"record of {name}.json"
        status, _ = told("threshold", "fit", "--from", tmp_path / f"{name}.json", "--out", out)
        assert status == 0
        record = parse_record(out.read_bytes())
        stricter = len({level.value for level in record.at_scale}) > 1
        assert bool(record.tails) is stricter is (name == "cosines")
        notes.append("a normal model of the angles" in record.note)
        assert ("the same one for any number of references" in record.note) is not stricter
    assert notes == [True, False]


def test_a_reports_own_target_cannot_be_changed_and_a_given_threshold_meets_none(
    report: Path, tmp_path: Path, told: Run
) -> None:
    fit = ("threshold", "fit", "--from", report, "--out", tmp_path / "record.json")
    assert "--target-fmr" in told(*fit, "--target-fmr", "0.02")[1]["error"]["message"]
    document = json.loads(report.read_text())
    document["findings"]["threshold"] |= {"target_fmr": None, "policy": "given"}
    report.write_text(json.dumps(document))
    assert "meets no target" in told(*fit)[1]["error"]["message"]


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("--target-fmr", "0"), "between 0 and 1"),
        (("--target-fmr", "1"), "between 0 and 1"),
        (("--target-fpir", "1.5"), "between 0 and 1"),
        (("--by", "shoe"), "shoe"),
        (("--consent", "form.pdf"), "--consent"),
        (("--model", "magic"), "magic"),
    ],
)
def test_what_cannot_be_asked_of_embeddings_is_refused(
    options: tuple[str, str], said: str, tmp_path: Path, told: Run
) -> None:
    file = _embeddings(tmp_path / "set.npz")
    out = tmp_path / "record.json"
    status, answer = told("threshold", "fit", "--from", file, "--out", out, *options)
    assert status == 2
    assert said in answer["error"]["message"]
    assert not out.exists()


def test_embeddings_that_an_audit_refuses_for_a_sample_named_twice_give_no_threshold(
    tmp_path: Path, told: Run
) -> None:
    with np.load(_embeddings(tmp_path / "set.npz")) as arrays:
        columns = dict(arrays)
    columns["sample"][1] = columns["sample"][0]
    np.savez(tmp_path / "twice.npz", **columns)
    file, out = tmp_path / "twice.npz", ("--out", tmp_path / "out")
    fitted = told("threshold", "fit", "--from", file, *out)
    assert fitted == told("audit", "embeddings", file, *out)
    status, answer = fitted
    assert (status, answer["error"]["code"]) == (2, "bad-table")
    assert "row 1 and row 2 are both sample '0' of 'p000'" in answer["error"]["message"]


def test_vectors_of_another_length_than_the_models_are_refused(tmp_path: Path, told: Run) -> None:
    file = _embeddings(tmp_path / "set.npz", dimensions=64)
    _, answer = told("threshold", "fit", "--from", file, "--out", tmp_path / "record.json")
    assert "64 numbers" in answer["error"]["message"]


def test_people_with_one_sample_each_give_no_threshold(tmp_path: Path, told: Run) -> None:
    file = _embeddings(tmp_path / "set.npz", samples=1)
    status, answer = told("threshold", "fit", "--from", file, "--out", tmp_path / "record.json")
    assert status == 2
    assert "mated" in answer["error"]["message"]


def test_photos_without_the_document_that_people_signed_are_not_looked_at(
    tmp_path: Path, told: Run
) -> None:
    _, answer = told("threshold", "fit", "--from", tmp_path, "--out", tmp_path / "record.json")
    assert "--consent" in answer["error"]["hint"]


def test_identify_holds_the_records_fpir_and_says_what_decided_in_its_answer_and_in_the_log(
    peopled: Chiso, volunteer: Callable[..., Path]
) -> None:
    photo = volunteer("001", "smiling")
    words = ("identify", photo, "--purpose", PURPOSE)
    (starter,) = peopled("threshold", "list").document["thresholds"]
    usual = peopled(*words).document
    assert usual["threshold"] == starter["record_id"]
    assert usual["search"]["references"] == 3
    assert usual["search"]["value"] == starter["value"]
    assert usual["search"]["fpir"] <= usual["search"]["target_fpir"] == starter["target_fpir"]
    home = wiring.open_home(peopled.home)
    record = parse_record(json.dumps(starter).encode())
    thresholds.add(home, replace(record, record_id="strict", target_fpir=1e-9))
    thresholds.use(home, "strict")
    strict = peopled(*words).document
    assert strict["threshold"] == "strict"
    assert strict["search"]["value"] > starter["value"]
    assert strict["search"]["fpir"] == pytest.approx(1e-9)
    leaf = peopled("log", "prove", str(_last_leaf(peopled))).document["payload"]
    assert (leaf["threshold"], leaf["references"]) == ("strict", 3)
    assert float(leaf["threshold_value"]) == strict["search"]["value"]
    assert leaf["fpir"] == "1e-09"


def test_a_record_laxer_than_the_one_in_use_is_taken_and_said_to_be_so(
    run: Chiso, capsys: pytest.CaptureFixture[str]
) -> None:
    home = wiring.open_home(run.home)
    ((starter, _),) = thresholds.records(home)
    lax = replace(starter, record_id="lax", value=starter.value - 0.02)
    for each in (lax, replace(lax, record_id="scaled", normaliser="f" * 64)):
        thresholds.add(home, each)

    taken = run("threshold", "use", "lax")
    assert taken.status == 0
    assert taken.document["laxer_than_before"] is True
    assert taken.document["value_before"] == starter.value
    assert f"{starter.value:.4f}" in taken.stderr
    assert f"{lax.value:.4f}" in taken.stderr
    assert run("threshold", "show", "lax").document["in_use"]
    for chosen, told in (("lax", False), (starter.record_id, False), ("scaled", None)):
        stricter = run("threshold", "use", chosen)
        assert stricter.document["laxer_than_before"] is told
        assert stricter.stderr == ""
    capsys.readouterr()
    assert main(["threshold", "use", starter.record_id, "--home", str(run.home)]) == 0
    assert main(["threshold", "use", "lax", "--home", str(run.home)]) == 0
    assert "laxer than before" in capsys.readouterr().err


def test_a_record_that_asks_for_more_of_one_comparison_and_less_of_a_search_is_laxer(
    run: Chiso,
) -> None:
    home = wiring.open_home(run.home)
    ((starter, _),) = thresholds.records(home)
    thresholds.add(
        home, replace(starter, record_id="untailed", value=starter.value + 0.001, tails=())
    )
    taken = run("threshold", "use", "untailed")
    assert taken.document["laxer_than_before"] is True
    sizes = taken.document["laxer_at_references"]
    assert 1_000_000 in sizes
    assert None not in sizes
    among = f"in a search among {sizes[0]} reference"
    assert among in taken.stderr
    back = run("threshold", "use", starter.record_id)
    assert back.document["laxer_at_references"][0] is None
    assert 1_000_000 not in back.document["laxer_at_references"]


def test_an_old_record_is_listed_decides_and_says_what_it_lacks(
    peopled: Chiso, volunteer: Callable[..., Path], capsys: pytest.CaptureFixture[str]
) -> None:
    golden = Path(__file__).parents[1] / "golden" / "threshold_record_1.json"
    old = parse_record(golden.read_bytes())
    home = wiring.open_home(peopled.home)
    thresholds.add(home, replace(old, model=home.model()))
    thresholds.use(home, old.record_id)
    answer = peopled("identify", volunteer("001", "smiling"), "--purpose", PURPOSE).document
    assert (answer["threshold"], answer["search"]["target_fpir"]) == (old.record_id, None)
    assert peopled("log", "verify").status == 0
    assert main(["threshold", "show", old.record_id, "--home", str(peopled.home)]) == 0
    assert "format 1" in capsys.readouterr().out


def _last_leaf(chiso: Chiso) -> int:
    return chiso.holdings().leaves - 1
