"""Debian's Chromium, driven by Playwright: its camera shows what a test gives it, or nothing."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Playwright, ViewportSize

PROGRAM = shutil.which("chromium")
WITHOUT = "no Chromium: `apt install chromium` where Debian's packages are"
PHONE = ViewportSize(width=390, height=844)
DESKTOP = ViewportSize(width=1280, height=800)


@contextmanager
def chromium(playwright: Playwright, camera: Path | None = None, *others: str) -> Iterator[Browser]:
    """A browser. `camera`: an .mjpeg that its camera shows, again and again; it is let in unasked.

    `others`: more words of its command line.

    Skips where Chromium is not installed.
    """
    if PROGRAM is None:
        pytest.skip(WITHOUT)
    words = ["--use-fake-ui-for-media-stream", "--use-fake-device-for-media-stream", *others]
    if camera is not None:
        words.append(f"--use-file-for-fake-video-capture={camera}")
    if hasattr(os, "geteuid") and os.geteuid() == 0:
        words.append("--no-sandbox")  # Chromium has none for root
    browser = playwright.chromium.launch(executable_path=PROGRAM, args=words)
    try:
        yield browser
    finally:
        browser.close()


def sign_in(context: BrowserContext, url: str, secret: str | None) -> None:
    """Let this browser be in a session, as if someone had signed in."""
    if secret is not None:
        context.add_cookies([{"name": "chiso", "value": secret, "url": url}])
