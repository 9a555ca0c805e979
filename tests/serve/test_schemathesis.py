"""What the OpenAPI document allows, and what it does not, is never answered with a 5xx."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

from bench.fuzz_api import UNLIMITED, Target, callers_of, fuzz
from tests.serve.listening import listening

from chiso import wiring_serve

_FOR_S = float(os.environ.get("CHISO_FUZZ_S", "10"))


def test_no_call_ends_in_a_server_error(
    home_directory: Path, photo_of: Callable[..., bytes]
) -> None:
    service = wiring_serve.open_service(home_directory, UNLIMITED, is_secure=False)
    with listening(service) as url:
        target = Target(service, url, callers_of(service), [photo_of("001"), photo_of("006")])
        tally = fuzz(target, _FOR_S, first_seed=1, at_once=3)
    assert tally.failures == []
    assert tally.server_errors == 0
    assert tally.cases > 0
