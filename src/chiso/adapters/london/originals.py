"""Fetches the London Set's original photos, each by its digest, when a person asks for them."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable
from dataclasses import dataclass
from http.client import HTTPException
from importlib import resources
from pathlib import Path
from urllib.error import HTTPError
from urllib.request import Request, urlopen

from chiso.adapters import london
from chiso.adapters.files import write_atomically
from chiso.adapters.models.download import download
from chiso.core.errors import ChisoError, Code

PUBLISHER = (
    "https://raw.githubusercontent.com/debruine/webmorphR.stim/"
    "fa8b78fda2d659bb74ce62fcd99c4407551d2a77"
)
PROBE_MAX_S = 3.0
_LIST, _PEOPLE, _README = "originals.sha256", "people.csv", "README.md"
_PATH = re.compile(r"inst/(neutral|smiling)_front/(\d{3})_\d\d\.jpg")


@dataclass(frozen=True, slots=True)
class Original:
    """One photo as published, and what it is called here: `001_neutral.jpg`."""

    sha256: str
    size_bytes: int
    path: str
    name: str


def originals() -> tuple[Original, ...]:
    """Every photo of the packaged list, in its order."""
    return tuple(_original(line) for line in _packaged(_LIST).decode().splitlines())


def is_complete(folder: Path) -> bool:
    """Whether `fetch` has finished here: it writes the list of people last."""
    return (folder / _PEOPLE).is_file()


def fetch(folder: Path, progress: Callable[[int, int], None], publisher: str = PUBLISHER) -> None:
    """Fetch what `folder` lacks. `progress` is told the bytes there so far, and in all.

    Raises ChisoError(NO_NETWORK) within `PROBE_MAX_S` where the publisher cannot be reached, and
    whatever `download` raises. What has arrived stays; the next call goes on from there.
    """
    wanted = originals()
    total_bytes = sum(each.size_bytes for each in wanted)
    _require_reachable(publisher)
    done_bytes = 0
    for each in wanted:
        target = folder / each.name
        if not target.is_file():
            before_bytes = done_bytes

            def told(so_far: int, _size: int, before_bytes: int = before_bytes) -> None:
                progress(before_bytes + so_far, total_bytes)

            download(f"{publisher}/{each.path}", target, each.sha256, each.size_bytes, told)
        done_bytes += each.size_bytes
        progress(done_bytes, total_bytes)
    for name in (_README, _PEOPLE):
        write_atomically(folder / name, _packaged(name))


def _require_reachable(publisher: str) -> None:
    """Raise ChisoError(NO_NETWORK) unless the publisher's server answers soon.

    A thread, because looking a name up may hang for longer than any socket's time limit.
    """
    answered = threading.Event()

    def ask() -> None:
        request = Request(publisher, method="HEAD")  # noqa: S310 - https, or a test's own server
        try:
            urlopen(request, timeout=PROBE_MAX_S).close()  # noqa: S310
        except HTTPError:
            answered.set()  # it answered, and that is all that was asked
        except (HTTPException, OSError):
            return
        answered.set()

    thread = threading.Thread(target=ask, daemon=True)
    thread.start()
    thread.join(PROBE_MAX_S)
    if not answered.is_set():
        raise ChisoError(
            Code.NO_NETWORK,
            "The London photos cannot be fetched: their publisher does not answer.",
            "Connect to the internet and run it again, or name a folder of photos that you have "
            "with --data.",
        )


def _original(line: str) -> Original:
    digest, size, path = line.split()
    parts = _PATH.fullmatch(path)
    if parts is None:
        raise ValueError(f"{path} is no path of the London Set")
    return Original(digest, int(size), path, f"{parts[2]}_{parts[1]}.jpg")


def _packaged(name: str) -> bytes:
    return resources.files(london).joinpath(name).read_bytes()
