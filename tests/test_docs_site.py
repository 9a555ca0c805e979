"""The documentation is a site that holds together: every page in its place, no dead link."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

_REPOSITORY = Path(__file__).parent.parent
_ELSEWHERE = re.compile(r"""<(?:script|link|img)[^>]+(?:src|href)=["']?https?://""")


def test_the_site_builds_without_a_warning_and_loads_nothing_from_elsewhere(tmp_path: Path) -> None:
    site = tmp_path / "site"
    built = subprocess.run(
        [sys.executable, "-m", "mkdocs", "build", "--strict", "--site-dir", str(site)],
        cwd=_REPOSITORY,
        env={**os.environ, "NO_MKDOCS_2_WARNING": "1"},
        capture_output=True,
        text=True,
    )
    assert built.returncode == 0, built.stderr
    pages = list(site.rglob("*.html"))
    assert len(pages) > 15
    for page in pages:
        assert not _ELSEWHERE.search(page.read_text("utf-8")), page
