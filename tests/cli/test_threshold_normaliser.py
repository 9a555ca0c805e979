"""`chiso threshold fit --normaliser`: a record that carries its normaliser, and decides by it."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from bench.simulated import SimulatedGroup, simulate
from tests.cli.running import PURPOSE, Chiso, assert_error

from chiso import wiring
from chiso.compare.normalise.fitting import read_normaliser
from chiso.compare.threshold import parse_record
from chiso.core.consent import SubjectId
from chiso.core.decisions import ThresholdRecord
from chiso.core.samples import Refusal
from chiso.interfaces.cli.main import main
from chiso.services.engine import single_face, templates_of
from chiso.services.identify import prepare_search

_GROUPS = {"dense": SimulatedGroup(45, 3000.0, 12e3), "sparse": SimulatedGroup(45, 800.0, 12e3)}
"""About as alike as the templates of the shipped model; vectors that no photo has anything of."""


@pytest.fixture
def embeddings(tmp_path: Path) -> Path:
    """Ninety people, two samples each; one group's faces are far more alike than the other's."""
    return _written(tmp_path / "set.npz", _GROUPS)


def _written(path: Path, groups: dict[str, SimulatedGroup]) -> Path:
    crowd = simulate(groups, 2, 128, 5)
    np.savez(
        path,
        subject=np.array([f"p{each:03}" for each in crowd.person]),
        sample=np.array([str(row) for row in range(len(crowd.person))]),
        group=np.array([crowd.names[each] for each in crowd.group]),
        vector=crowd.vectors,
    )
    return path


def _fitted(run: Chiso, embeddings: Path, *options: str) -> ThresholdRecord:
    made = run("threshold", "fit", "--from", embeddings, "--target-fmr", "0.01", *options)
    assert made.status == 0, made.stderr
    return parse_record(json.dumps(made.document).encode())


def test_a_record_carries_the_normaliser_that_was_fitted_to_other_people_than_its_threshold(
    run: Chiso, embeddings: Path
) -> None:
    plain = _fitted(run, embeddings)
    record = _fitted(run, embeddings, "--normaliser", "local-density")
    assert (plain.people, plain.normaliser, plain.normaliser_document) == (90, "none", None)
    assert record.normaliser_document is not None
    carried = read_normaliser(record.normaliser_document)
    assert (carried.name, carried.digest) == ("local-density", record.normaliser)
    assert record.people == 60
    assert [each.people for each in record.groups] == [60, 30, 30]
    assert "fitted to 30 other people" in record.note
    assert record.record_id.startswith("set-local-density-worst-group-0.01-")
    again = _fitted(run, embeddings, "--normaliser", "local-density")
    assert (again.value, again.normaliser) == (record.value, record.normaliser)


def test_the_threshold_is_of_normalised_scores_and_holds_among_the_people_it_was_fitted_to(
    run: Chiso, embeddings: Path
) -> None:
    """One group is more alike than the other; normalised, both ask for nearly one threshold."""
    plain = _fitted(run, embeddings)
    record = _fitted(run, embeddings, "--normaliser", "local-density")
    assert record.normaliser_document is not None
    carried = read_normaliser(record.normaliser_document)
    for each in record.groups:
        assert each.false_matches <= 0.01 * each.nonmated
    own = {
        of: [tail.threshold(0.01) for tail in of_tails.tails[1:]]
        for of, of_tails in (("plain", plain), ("normalised", record))
    }
    assert abs(own["normalised"][0] - own["normalised"][1]) < abs(own["plain"][0] - own["plain"][1])
    assert carried.gives_cosines
    assert record.target_fpir == 0.01
    assert record.at_scale[-1].value > record.value


@pytest.mark.parametrize("name", ["fsn", "faircal"])
def test_scores_that_are_no_cosines_give_a_record_that_holds_no_fpir_and_says_so(
    name: str, run: Chiso, embeddings: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    record = _fitted(run, embeddings, "--normaliser", name)
    assert (record.tails, record.target_fpir) == ((), None)
    assert {level.value for level in record.at_scale} == {record.value}
    assert record.interval is not None
    assert record.interval[0] <= record.value <= record.interval[1]
    assert "no model of angles" in record.note
    capsys.readouterr()
    assert main(["threshold", "show", record.record_id, "--home", str(run.home)]) == 0
    told = capsys.readouterr().out
    assert f"normaliser {name} ({record.normaliser[:12]})" in " ".join(told.split())
    assert "holds no FPIR" in told


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("as-norm", "keeps vectors of single people"),
        ("oracle-group", "is told everyone's group"),
        ("all", "carries one normaliser"),
        ("magic", "No normaliser is called 'magic'"),
    ],
)
def test_a_normaliser_that_no_home_can_decide_by_is_refused(
    name: str, why: str, run: Chiso, embeddings: Path
) -> None:
    answer = run("threshold", "fit", "--from", embeddings, "--normaliser", name)
    assert_error(answer, 2, "bad-argument", why, "fsn, faircal, local-density")
    assert len(run("threshold", "list").document["thresholds"]) == 1


def test_a_normaliser_is_not_fitted_to_too_few_people(run: Chiso, tmp_path: Path) -> None:
    few = _written(tmp_path / "few.npz", {"all": SimulatedGroup(40, 60.0, 400.0)})
    answer = run("threshold", "fit", "--from", few, "--normaliser", "local-density")
    assert_error(answer, 2, "bad-argument", "20 calibration people", "third of the people")


def test_a_report_gives_no_normaliser_to_decide_by(
    run: Chiso, embeddings: Path, tmp_path: Path
) -> None:
    out = tmp_path / "report"
    audit = ("audit", "embeddings", embeddings, "--normaliser", "local-density", "--out", out)
    assert run(*audit).status == 0
    answer = run("threshold", "fit", "--from", out / "report.json", "--normaliser", "local-density")
    assert_error(answer, 2, "bad-argument", "--normaliser", "embeddings")


def test_a_home_verifies_and_identifies_by_the_normaliser_of_the_record_it_uses_and_names_it(
    peopled: Chiso,
    embeddings: Path,
    volunteer: Callable[..., Path],
    capsys: pytest.CaptureFixture[str],
) -> None:
    photo = volunteer("001", "smiling")
    verify = ("verify", "003", photo, "--purpose", PURPOSE)
    identify = ("identify", photo, "--purpose", PURPOSE)
    before = peopled(*verify).document
    assert (before["decision"], before["normaliser_name"]) == ("no-match", "none")
    options = ("--normaliser", "local-density", "--target-fpir", "0.5")
    record = _fitted(peopled, embeddings, *options)
    used = peopled("threshold", "use", record.record_id).document
    assert (used["in_use"], used["normaliser_name"]) == (record.record_id, "local-density")
    assert used["laxer_than_before"] is None, "scores of two kinds are not compared"

    verified, identified = peopled(*verify).document, peopled(*identify).document
    for answer in (verified, identified):
        assert answer["threshold"] == record.record_id
        assert answer["normaliser_name"] == "local-density"
    cosines, normalised = _scores_of_everyone(peopled, record, photo)
    assert before["score"] == pytest.approx(cosines["003"], abs=1e-6)
    assert verified["score"] == pytest.approx(normalised["003"], abs=1e-4)
    assert cosines["003"] < record.value < normalised["003"], "the two decide alike"
    assert verified["decision"] == "match"
    limit = identified["search"]["value"]
    expected = {name: score for name, score in normalised.items() if score >= limit}
    found = {each["subject"]: each["score"] for each in identified["faces"][0]["candidates"]}
    assert found == pytest.approx(expected, abs=1e-4)
    assert set(found) == {"001", "003"} > {n for n, score in cosines.items() if score >= limit}

    capsys.readouterr()
    home = ("--home", str(peopled.home))
    main([*map(str, verify), *home])
    main([*map(str, identify), *home])
    said = " ".join(capsys.readouterr().out.split())
    assert said.count(f"{record.record_id}; scores normalised by local-density") == 2
    assert f"({record.record_id}; scores normalised by local-density; by its model" in said


def _scores_of_everyone(
    chiso: Chiso, record: ThresholdRecord, photo: Path
) -> tuple[dict[str, float], dict[str, float]]:
    """By subject: the cosine of the photo's template with her reference, and normalised."""
    home = wiring.open_home(chiso.home)
    prepared, engine = prepare_search(home, PURPOSE), home.engine()
    face = single_face(engine, photo.read_bytes(), engine.capture.probe)
    assert not isinstance(face, Refusal)
    (probe,) = templates_of(engine, [face], prepared.permit)
    gallery = prepared.gallery
    cosines = (gallery.matrix @ probe.vector)[None].astype(np.float64)
    assert record.normaliser_document is not None
    carried = read_normaliser(record.normaliser_document)
    sides = carried.prepare(probe.vector[None]), carried.prepare(gallery.matrix)
    with home.store.reading() as view:
        owners = [view.subject_by_id(SubjectId(each.decode())) for each in gallery.subjects]
    names = [owner.label for owner in owners if owner is not None]
    normalised = carried.apply(cosines, *sides)
    return dict(zip(names, cosines[0], strict=True)), dict(zip(names, normalised[0], strict=True))
