"""`chiso audit photos`, end to end, with a few photos of the London Set."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from PIL import Image
from tests.cli.running import Chiso, Outcome, assert_error, assert_whole
from tests.hostile.takeover import OBEDIENT, taking_over

from chiso import wiring
from chiso.adapters.decoding.child import ChildDecoder
from chiso.core.samples import BiometricSample, Refusal

Audit = Callable[..., Outcome]
SUBJECTS = ("001", "003", "005", "006")


@pytest.fixture
def folder(small_photos: list[tuple[str, Path, Path]], tmp_path: Path) -> Path:
    """Four people, two small photos each; one of each pair reported "a", one "b"."""
    folder = tmp_path / "people"
    folder.mkdir()
    rows = ["subject,group,gender"]
    for index, (subject, *photos) in enumerate(small_photos[: len(SUBJECTS)]):
        rows.append(f"{subject}, {'ab'[index % 2]} ,{'wm'[index // 2]}")
        for photo in photos:
            shutil.copy(photo, folder)
    (folder / "people.csv").write_text("\n".join(rows) + "\n")
    return folder


@pytest.fixture
def audit(run: Chiso, folder: Path, tmp_path: Path) -> Audit:
    """`chiso audit photos`, of that folder, into `out`."""

    def measure(*words: str) -> Outcome:
        consent = ("--consent", tmp_path / "form.pdf")
        return run("audit", "photos", folder, *consent, *words, "--out", tmp_path / "out")

    return measure


def _fit(run: Chiso, folder: Path, tmp_path: Path, *words: str) -> Outcome:
    """`chiso threshold fit`, of the same photos."""
    consent = ("--consent", tmp_path / "form.pdf")
    return run("threshold", "fit", "--from", folder, *consent, *words, "--target-fmr", "0.3")


def _report(tmp_path: Path) -> dict[str, object]:
    document: dict[str, object] = json.loads((tmp_path / "out" / "report.json").read_text())
    return document


def test_first_photos_are_references_and_every_probe_meets_every_reference(
    run: Chiso, audit: Audit, tmp_path: Path
) -> None:
    done = audit("--by", "group", "--threshold", "0.93")
    assert done.status == 0, done
    everyone, a, b = done.document["groups"]
    assert (a["group"], b["group"]) == ("a", "b")
    assert everyone["fnmr"]["trials"] == 4
    assert everyone["fmr"]["trials"] == 12
    assert a["fmr"]["trials"] == 2
    assert (everyone["fte"]["errors"], everyone["fte"]["trials"]) == (0, 8)
    assert done.document["leaf"] is not None
    assert_whole(run)


def test_photos_without_a_face_are_counted_for_their_group_and_why(
    audit: Audit, folder: Path, tmp_path: Path
) -> None:
    photo = sorted(folder.glob("*_smiling.jpg"))[1]
    Image.new("RGB", (256, 256), (90, 90, 90)).save(photo)
    done = audit("--by", "group", "--threshold", "0.93")
    assert done.status == 0, done
    fte = {each["group"]: each["fte"] for each in done.document["groups"]}
    assert [fte[name]["errors"] for name in ("everyone", "a", "b")] == [1, 0, 1]
    assert fte["b"]["trials"] == 4
    provenance = _report(tmp_path)["provenance"]
    assert isinstance(provenance, dict)
    assert provenance["photos"]["refused"] == [
        {"group": "b", "role": "probe", "code": "no-face", "count": 1}
    ]


def test_the_reference_is_the_first_photo_that_may_be_enrolled_in_a_fit_as_in_an_audit(
    run: Chiso, audit: Audit, folder: Path, tmp_path: Path
) -> None:
    for photo in sorted(folder.glob("*.jpg")):
        first, *_ = photo.stem.split("_")
        again = photo.with_name(f"{first}_x_{photo.name}")
        again.write_bytes(photo.read_bytes())
    nobody = sorted(folder.glob("003_*.jpg"))[0]
    Image.new("RGB", (256, 256), (90, 90, 90)).save(nobody)
    tried = []
    for words in ((), ("--references", "2")):
        done = audit("--by", "group", "--threshold", "0.93", *words)
        assert done.status == 0, done
        everyone = done.document["groups"][0]
        assert (everyone["fte"]["errors"], everyone["fte"]["trials"]) == (1, 16)
        provenance = _report(tmp_path)["provenance"]
        assert isinstance(provenance, dict)
        assert provenance["photos"]["refused"] == [
            {"group": "b", "role": "reference", "code": "no-face", "count": 1}
        ]
        tried.append((everyone["fnmr"]["trials"], everyone["fmr"]["trials"]))
        shutil.rmtree(tmp_path / "out")
    # References by probes: of 003 one reference and two probes, or two and one.
    assert tried == [(3 + 2 + 3 + 3, 3 * 11), (4 + 2 + 4 + 4, 6 * 7)]

    fitted = _fit(run, folder, tmp_path, "--by", "group")
    assert fitted.status == 0, fitted
    everyone = fitted.document["groups"][0]
    assert fitted.document["refused"] == [nobody.name]
    assert (everyone["mated"], everyone["nonmated"]) == tried[0]


def test_photos_whose_names_are_not_unicode_are_measured_and_named(
    run: Chiso, audit: Audit, folder: Path, tmp_path: Path
) -> None:
    for photo in folder.glob("*_smiling.jpg"):
        photo.rename(folder / os.fsdecode(os.fsencode(photo.stem) + b"\xe9.jpg"))
    (folder / os.fsdecode(b"001_\xff.jpg")).write_bytes(b"no photo")
    done = audit("--by", "group", "--threshold", "0.93", "--everyday")
    assert done.status == 0, done
    fitted = run.process(
        *("threshold", "fit", "--from", folder, "--consent", tmp_path / "form.pdf"),
        *("--by", "group", "--target-fmr", "0.3"),
    )
    assert fitted.status == 0, fitted
    assert fitted.document["refused"] == ["001_\udcff.jpg"]
    assert fitted.document["source_sha256"] == done.document["input_sha256"]


def test_folders_whose_names_are_not_unicode_are_read_written_and_named(
    run: Chiso, folder: Path, tmp_path: Path
) -> None:
    odd = folder.rename(tmp_path / os.fsdecode(b"caf\xe9"))
    out = tmp_path / os.fsdecode(b"r\xe9sum\xe9")
    consent = ("--consent", tmp_path / "form.pdf")
    words = ("audit", "photos", odd, *consent, "--by", "group", "--threshold", "0.93")
    done = run.process(*words, "--out", out)
    assert done.status == 0, done
    report = Path(done.document["files"]["report.json"])
    assert report == out / "report.json"
    assert json.loads(report.read_bytes())["provenance"]["audited"]["name"] == r"caf\xe9"
    fitted = _fit(run, odd, tmp_path, "--by", "group")
    assert fitted.document["record_id"].startswith(r"caf\xe9-worst-group-")


def test_probes_are_decoded_again_only_to_be_degraded(
    audit: Audit, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    again: list[bytes] = []
    decode = ChildDecoder.decode

    def counted(decoder: ChildDecoder, photo: bytes) -> BiometricSample | Refusal:
        again.append(photo)
        return decode(decoder, photo)

    monkeypatch.setattr(ChildDecoder, "decode", counted)
    assert audit("--by", "group", "--threshold", "0.93").status == 0
    assert len(again) == len(set(again)) == 2 * len(SUBJECTS)
    again.clear()
    shutil.rmtree(tmp_path / "out")
    assert audit("--by", "group", "--threshold", "0.93", "--everyday").status == 0
    # Each probe as it came, once more to be degraded, and then as what became of it.
    assert len(again) == 2 * len(SUBJECTS) + 2 * len(SUBJECTS)
    assert len(set(again)) == 2 * len(SUBJECTS) + len(SUBJECTS)


def test_everyday_probes_are_seeded_and_are_not_those_that_came(
    audit: Audit, tmp_path: Path
) -> None:
    reports = []
    for words in ((), ("--everyday",), ("--everyday",), ("--everyday", "--everyday-seed", "2")):
        assert audit("--by", "group", "--threshold", "0.93", *words).status == 0
        findings = _report(tmp_path)["findings"]
        assert isinstance(findings, dict)
        reports.append(json.dumps(findings["groups"][0]["mated_scores"]))
        shutil.rmtree(tmp_path / "out")
    posed, once, again, other = reports
    assert once == again
    assert len({posed, once, other}) == 3


def test_a_record_of_the_home_can_give_the_threshold(
    run: Chiso, audit: Audit, small_photos: list[tuple[str, Path, Path]], tmp_path: Path
) -> None:
    others = tmp_path / "others"
    others.mkdir()
    chosen = small_photos[len(SUBJECTS) : len(SUBJECTS) + 8]
    (others / "people.csv").write_text("\n".join(["subject", *(each for each, *_ in chosen)]))
    for _, *photos in chosen:
        for photo in photos:
            shutil.copy(photo, others)
    fitted = run(
        *("threshold", "fit", "--from", others, "--consent", tmp_path / "form.pdf"),
        *("--target-fmr", "0.2"),
    )
    assert fitted.status == 0, fitted
    record = fitted.document
    done = audit("--by", "group", "--threshold", record["record_id"])
    assert done.status == 0, done
    assert done.document["threshold"]["value"] == record["value"]
    provenance = _report(tmp_path)["provenance"]
    assert isinstance(provenance, dict)
    assert provenance["threshold_record"] == record["record_id"]
    unknown = run(
        *("audit", "photos", tmp_path / "people", "--consent", tmp_path / "form.pdf"),
        *("--by", "group", "--threshold", "mine", "--out", tmp_path / "other"),
    )
    assert_error(unknown, 6, "threshold-missing", "chiso threshold list")


@pytest.mark.parametrize(
    ("people", "by", "said"),
    [
        (None, "ethnicity", "no column ethnicity; it has subject, group, gender"),
        ("001,A,w\n003,a,w\n", "group", "'A' and 'a'"),
        ("001,a-b,w\n003, a b ,w\n", "group", "'a b' and 'a-b'"),
        ("001,everyone,w\n003,a,w\n", "group", "a group is called 'everyone'"),
    ],
)
def test_groups_that_cannot_be_told_apart_are_refused_by_a_fit_as_by_an_audit(
    run: Chiso, audit: Audit, folder: Path, tmp_path: Path, people: str | None, by: str, said: str
) -> None:
    if people is not None:
        (folder / "people.csv").write_text(f"subject,group,gender\n{people}")
    assert_error(audit("--by", by), 2, "bad-manifest", said)
    assert_error(_fit(run, folder, tmp_path, "--by", by), 2, "bad-manifest", said)


def test_one_label_written_in_several_ways_is_one_group_in_a_fit_as_in_an_audit(
    run: Chiso, audit: Audit, folder: Path, tmp_path: Path
) -> None:
    written = "001, caf\u00e9\n003,cafe\u0301 \n005,b\n006, b \n"
    (folder / "people.csv").write_text(f"subject, group \n{written}")
    audited = audit("--by", "group", "--threshold", "0.93")
    fitted = _fit(run, folder, tmp_path, "--by", " group")
    for done in (audited, fitted):
        assert done.status == 0, done
        names = [(each["group"], each["people"]) for each in done.document["groups"]]
        assert names == [("everyone", 4), ("b", 2), ("caf\u00e9", 2)]
    assert fitted.document["source_sha256"] == audited.document["input_sha256"]


def test_who_reported_nothing_is_refused_by_an_audit_and_a_group_of_her_own_in_a_fit(
    run: Chiso, audit: Audit, folder: Path, tmp_path: Path
) -> None:
    (folder / "people.csv").write_text("subject,group\n001, \n003,a\n005,a\n006,\n")
    said = "group of 001 is empty, and of 1 others"
    assert_error(audit("--by", "group"), 2, "bad-manifest", said)
    fitted = _fit(run, folder, tmp_path, "--by", "group")
    assert [each["group"] for each in fitted.document["groups"]] == [
        "everyone",
        "a",
        "not reported",
    ]


def test_a_folder_that_gives_nothing_to_compare_is_refused(audit: Audit, folder: Path) -> None:
    for photo in folder.glob("*_smiling.jpg"):
        photo.unlink()
    assert_error(audit("--by", "group"), 6, "data-missing", "probe", "two photos")
    for photo in folder.glob("*.jpg"):
        photo.unlink()
    assert_error(audit("--by", "group"), 6, "data-missing", "no photos")


def test_a_photo_that_stops_the_decoder_is_counted_among_the_refused(
    audit: Audit, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(wiring, "ChildDecoder", lambda limits: ChildDecoder(limits, OBEDIENT))
    (folder / "001_third.jpg").write_bytes(taking_over("import os; os.abort()"))
    assert audit("--by", "group", "--threshold", "0.93").status == 0
    provenance = _report(tmp_path)["provenance"]
    assert isinstance(provenance, dict)
    assert provenance["photos"]["refused"] == [
        {"group": "a", "role": "probe", "code": "decoder-stopped", "count": 1}
    ]
