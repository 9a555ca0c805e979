"""A folder of photos to measure with: whose photo each is, or why that cannot be told."""

from __future__ import annotations

from pathlib import Path

import pytest

from chiso.core.errors import ChisoError, Code
from chiso.interfaces.cli.study import read_people, read_study
from chiso.interfaces.cli.volunteers import read_folder


def _folder(path: Path, people: str, *photos: str) -> Path:
    (path / "people.csv").write_text(people)
    for photo in photos:
        (path / photo).write_bytes(photo.encode())
    return path


def test_each_photo_goes_to_the_subject_it_is_named_after(tmp_path: Path) -> None:
    photos = ("1.jpg", "1_b.PNG", "1_b_c.webp", "12_a.jpg", "2_a.jpg", "1_a.txt", "3_a.jpg")
    people = read_people(_folder(tmp_path, "subject,age\n1,30\n2,40\n4,50\n", *photos))
    assert [(each.subject, [photo.name for photo in each.photos]) for each in people] == [
        ("1", ["1.jpg", "1_b.PNG", "1_b_c.webp"]),
        ("2", ["2_a.jpg"]),
        ("4", []),
    ]
    assert [each.row["age"] for each in people] == ["30", "40", "50"]


@pytest.mark.parametrize(
    ("people", "said"),
    [
        ("subject\n001\n001_a\n", "001_a_x.jpg would be a photo of 001 and of 001_a"),
        ("subject\n001\n002\n001\n", "001 is in it twice"),
        ("subject,group\n001,a\n002\n", "line 3 has more or fewer cells"),
        ("subject,group\n001,a,b\n", "line 2 has more or fewer cells"),
        ("group,subject\na\n", "line 2 has more or fewer cells"),
        ("subject,group\n001,a\n,b\n", "line 3 names no subject"),
        ("name\n001\n", "line 2 names no subject"),
        ("subject\n", "no rows"),
        ("", "no rows"),
    ],
)
def test_a_list_that_would_count_people_wrongly_is_refused(
    tmp_path: Path, people: str, said: str
) -> None:
    folder = _folder(tmp_path, people, "001_a_x.jpg", "001_b.jpg", "002_a.jpg")
    with pytest.raises(ChisoError) as study:
        read_study(folder, folder / "people.csv", "group" if "group" in people else None)
    with pytest.raises(ChisoError) as demo:
        read_folder(folder)
    for refusal in (study.value, demo.value):
        assert refusal.code is Code.BAD_MANIFEST
        assert said in refusal.message


def test_subjects_of_like_names_without_a_photo_in_common_are_two_people(tmp_path: Path) -> None:
    folder = _folder(tmp_path, "subject\n1\n1a\n", "1_a.jpg", "1_b.jpg", "1a_a.jpg", "1a_b.jpg")
    study = read_study(folder, folder / "people.csv", None)
    assert [study.subjects[photo.person][0] for photo in study.photos] == ["1", "1", "1a", "1a"]
    assert [each.reference.name for each in read_folder(folder).volunteers] == [
        "1_a.jpg",
        "1a_a.jpg",
    ]
