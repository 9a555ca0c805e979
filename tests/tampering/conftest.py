"""A home with three volunteers, as the tests of the command line have it."""

from __future__ import annotations

from tests.cli.conftest import (
    empty_home,
    home,
    models,
    peopled,
    peopled_home,
    run,
    tiny_model,
    volunteer,
)

__all__ = [
    "empty_home",
    "home",
    "models",
    "peopled",
    "peopled_home",
    "run",
    "tiny_model",
    "volunteer",
]
