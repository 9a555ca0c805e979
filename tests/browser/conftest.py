"""A browser, and a served home with something on every page."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Playwright, expect, sync_playwright
from tests.browser.chromium import PROGRAM, WITHOUT, chromium
from tests.browser.site import Site, make_site, with_an_audit
from tests.browser.steps import PATIENCE_MS
from tests.serve.processes import Served, server


@pytest.fixture(scope="package")
def playwright() -> Iterator[Playwright]:
    """Playwright, until the last test of this folder: its loop would be in the way of others."""
    if PROGRAM is None:
        pytest.skip(WITHOUT)
    with sync_playwright() as running:
        expect.set_options(timeout=PATIENCE_MS)  # a busy machine is no failure
        yield running


@pytest.fixture(scope="package")
def browser(playwright: Playwright) -> Iterator[Browser]:
    """A browser whose camera shows Chromium's own test picture: no face."""
    with chromium(playwright) as opened:
        yield opened


@pytest.fixture(scope="package")
def built_models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where these tests keep the graphs that chiso builds."""
    return tmp_path_factory.mktemp("browser-models")


@pytest.fixture(scope="package")
def visited(
    tmp_path_factory: pytest.TempPathFactory,
    built_models: Path,
    london: Path,
    rendered_volunteers: Path,
    browser: Browser,
) -> Iterator[tuple[Site, Served]]:
    """A home with something on every page, served; tests add to its log, and to nothing else."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("CHISO_MODELS", str(built_models))
        patch.delenv("CHISO_OPERATOR_KEY", raising=False)
        site = make_site(tmp_path_factory.mktemp("visited") / "home", london)
        with server(site.home, built_models) as served:
            yield with_an_audit(site, served), served


@pytest.fixture
def served(visited: tuple[Site, Served], built_models: Path, tmp_path: Path) -> Iterator[str]:
    """A copy of the visited home, to change; where it is served."""
    home = shutil.copytree(visited[0].home, tmp_path / "home")
    with server(home, built_models) as running:
        yield running.url
