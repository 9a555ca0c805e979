"""What a run of the tests shows, and says, where most of them have no photos of real people."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

REPOSITORY = Path(__file__).parent.parent
NEEDS_PHOTOS = "tests/services/test_fit.py"
NEEDS_NONE = "tests/core/test_labels.py"
ON_RENDERED_PEOPLE = "tests/interfaces/test_demo_of_rendered_people.py"


def test_tests_skipped_for_want_of_photos_are_counted_aloud(tmp_path: Path) -> None:
    said = _run(tmp_path, NEEDS_PHOTOS, NEEDS_NONE)
    assert "NOT TESTED" in said
    skipped = re.search(r"(\d+) skipped", said)
    assert skipped is not None
    assert f"{skipped[1]} tests were skipped: there are no London photos" in said
    assert "CHISO_LONDON" in said
    assert "chiso demo --fetch" in said


def test_a_run_that_skips_nothing_says_nothing_of_it(tmp_path: Path) -> None:
    assert "NOT TESTED" not in _run(tmp_path, NEEDS_NONE)


def test_without_photos_the_rendered_people_are_still_tested_on(
    rendered_volunteers: Path, tmp_path: Path
) -> None:
    said = _run(tmp_path, f"{ON_RENDERED_PEOPLE}::test_the_set_is_what_the_demo_falls_back_to")
    assert "1 passed" in said
    assert "NOT TESTED" not in said


def _run(no_photos: Path, *tests: str) -> str:
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *tests],
        cwd=REPOSITORY,
        env=os.environ | {"CHISO_LONDON": str(no_photos)},
        check=True,
        capture_output=True,
        text=True,
    )
    return done.stdout
