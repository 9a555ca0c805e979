"""A server in a process of its own, to be stopped or killed."""

from __future__ import annotations

import http.client
import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

_PATIENCE_S = 120


@dataclass(frozen=True, slots=True)
class Served:
    """Where a server answers, and its process."""

    url: str
    process: subprocess.Popen[bytes]
    setup: str | None
    """The link that makes the first administrator; None where there are accounts."""

    def connection(self) -> http.client.HTTPConnection:
        """A connection to it."""
        return http.client.HTTPConnection(urlsplit(self.url).netloc, timeout=_PATIENCE_S)


@contextmanager
def server(home: Path, models: Path, *words: str) -> Iterator[Served]:
    """`chiso serve` on a free port, ended at the end of the block if it is still there."""
    process = subprocess.Popen(
        [sys.executable, "-m", "chiso", "serve", "--port", "0", "--json", *words],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env={**os.environ, "CHISO_HOME": str(home), "CHISO_MODELS": str(models)},
    )
    assert process.stdout is not None
    try:
        ready = json.loads(process.stdout.readline())
        yield Served(ready["url"], process, ready["setup"])
    finally:
        if process.poll() is None:
            process.kill()
        process.wait()
        process.stdout.close()


def post(
    connection: http.client.HTTPConnection, path: str, body: bytes, headers: Mapping[str, str]
) -> tuple[int, bytes]:
    """Post a body; the status and the body of the answer."""
    connection.request("POST", path, body, dict(headers))
    answer = connection.getresponse()
    return answer.status, answer.read()
