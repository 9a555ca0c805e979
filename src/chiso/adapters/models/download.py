"""Downloads a pinned file: resumes where it broke off, and lets nothing else through."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http import HTTPStatus
from http.client import HTTPException, HTTPResponse
from pathlib import Path
from typing import cast
from urllib.error import HTTPError, URLError
from urllib.request import Request, urlopen

from chiso.adapters.files import settle, sha256_of_file, unwritable
from chiso.core.errors import ChisoError, Code

Progress = Callable[[int, int], None]
"""Called with the bytes there so far and the bytes there will be."""

_SILENCE_MAX_S = 5.0
_CHUNK_BYTES = 1 << 16


def download(url: str, path: Path, sha256: str, size_bytes: int, progress: Progress) -> None:
    """Fetches `url` to `path`, which appears only with the right digest.

    What has arrived waits in `<path>.part`; the next call goes on from there. Raises
    `ChisoError(NO_NETWORK)` where the transfer cannot start or breaks off, `DIGEST_MISMATCH` where
    other bytes came (nothing is kept), `MODEL_MISSING` where the publisher has the file no more,
    and `STORE_FULL` or `FILE_UNREADABLE` where the disk does not take what came.
    """
    try:
        _download(url, path, sha256, size_bytes, progress)
    except OSError as cause:  # the network's own are ChisoErrors by now
        raise unwritable(path, cause) from cause


def _download(url: str, path: Path, sha256: str, size_bytes: int, progress: Progress) -> None:
    part = path.with_name(path.name + ".part")
    part.parent.mkdir(parents=True, exist_ok=True)
    if not part.exists() or part.stat().st_size < size_bytes:
        _transfer(url, part, size_bytes, progress)
    if part.stat().st_size < size_bytes:
        raise _broken_off(url, "the connection closed early")
    if part.stat().st_size > size_bytes or sha256_of_file(part) != sha256:
        part.unlink()
        raise ChisoError(
            Code.DIGEST_MISMATCH,
            f"What came from {url} is not the file that was pinned; it was deleted.",
            "Try again; if it happens again, the publisher has changed the file.",
        )
    settle(part, path)


def _transfer(url: str, part: Path, size_bytes: int, progress: Progress) -> None:
    """Appends to `part` what it lacks, up to one byte more than it should hold."""
    have_bytes = part.stat().st_size if part.exists() else 0
    with _network_errors(url):
        response = _open(url, have_bytes)
    with response:
        if response.status != HTTPStatus.PARTIAL_CONTENT:
            have_bytes = 0
        with part.open("r+b" if have_bytes else "wb") as stream:
            stream.seek(have_bytes)
            while have_bytes <= size_bytes:
                with _network_errors(url):
                    chunk = response.read(_CHUNK_BYTES)
                if not chunk:
                    break
                stream.write(chunk)
                have_bytes += len(chunk)
                progress(min(have_bytes, size_bytes), size_bytes)
            stream.flush()
            os.fsync(stream.fileno())


def _open(url: str, have_bytes: int) -> HTTPResponse:
    headers = {"User-Agent": "chiso"}
    if have_bytes:
        headers["Range"] = f"bytes={have_bytes}-"
    # Only URLs of the packaged manifest come here, and it admits none but https.
    request = Request(url, headers=headers)  # noqa: S310
    return cast(HTTPResponse, urlopen(request, timeout=_SILENCE_MAX_S))  # noqa: S310


@contextmanager
def _network_errors(url: str) -> Iterator[None]:
    try:
        yield
    except HTTPError as cause:
        raise ChisoError(
            Code.MODEL_MISSING,
            f"{url} answered {cause.code} {cause.reason}.",
            "Try again later, or add a copy of the file with `chiso models add FILE`.",
        ) from cause
    except URLError as cause:
        raise ChisoError(
            Code.NO_NETWORK,
            f"{url} cannot be reached: {cause.reason}.",
            "Connect to the internet and try again; the offline pack needs no download.",
        ) from cause
    except (OSError, HTTPException) as cause:  # TLS errors are OSErrors too
        raise _broken_off(url, str(cause) or type(cause).__name__) from cause


def _broken_off(url: str, why: str) -> ChisoError:
    return ChisoError(
        Code.NO_NETWORK,
        f"The download of {url} broke off: {why}.",
        "Run the same command again; it goes on where it stopped.",
    )
