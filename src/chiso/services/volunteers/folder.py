"""A folder that is rendered into: one run at a time, whole files, one set of terms."""

from __future__ import annotations

import errno
import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from chiso.core.errors import ChisoError, Code

TERMS_FILE = "render.json"
_STUDIO = "studio"
_PART = ".part"


@dataclass(frozen=True, slots=True)
class Terms:
    """What a folder is rendered by: what may never change in it, and numbers that may grow."""

    studio: str
    fixed: Mapping[str, object]
    growing: Mapping[str, int]

    def document(self) -> dict[str, object]:
        """As `render.json` has it."""
        return {**self.fixed, **self.growing, _STUDIO: self.studio}


@contextmanager
def held(folder: Path) -> Iterator[None]:
    """The folder, made where it is not, and this process's alone while the block runs.

    A folder that was made here goes again if the block fails and nothing is in it.

    Raises ChisoError: STORE_BUSY where another process renders into it, BAD_ARGUMENT where it holds
    other things than a rendering, FILE_UNREADABLE, STORE_FULL.
    """
    import fcntl  # not on every system; nothing else of the command line needs it

    try:
        is_new = not folder.exists()
        folder.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(folder, os.O_RDONLY)
    except FileExistsError as error:
        raise ChisoError(
            Code.BAD_ARGUMENT, f"{folder} is a file.", "Name a folder with --out."
        ) from error
    except OSError as error:
        raise unwritable(folder, error) from error
    try:
        with suppress(OSError):  # some disks on a network know no locks
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError as error:
                raise _busy(folder) from error
        _tidy(folder)
        yield
    except BaseException:
        if is_new:
            with suppress(OSError):  # it is not empty, and stays
                folder.rmdir()
        raise
    finally:
        os.close(descriptor)


def agreed(folder: Path, terms: Terms) -> Mapping[str, int] | None:
    """What had been asked for of the growing numbers; None in a folder that is new.

    Raises ChisoError(BAD_ARGUMENT) where the folder holds what was rendered by other terms.
    """
    path = folder / TERMS_FILE
    try:
        before = json.loads(path.read_bytes())
    except FileNotFoundError:
        return None
    except (OSError, ValueError) as error:
        raise _not_ours(folder) from error
    if not isinstance(before, dict):
        raise _not_ours(folder)
    if before.get(_STUDIO) != terms.studio:
        raise ChisoError(
            Code.BAD_ARGUMENT,
            f"{folder} was rendered by another version of the studio.",
            "Name another folder with --out: pictures of two versions do not go together.",
        )
    differing = [
        f"{name} was {json.dumps(before.get(name))}, not {json.dumps(value)}"
        for name, value in terms.fixed.items()
        if before.get(name) != json.loads(json.dumps(value))
    ] + [
        f"{name} was {json.dumps(before.get(name))}, more than {value}"
        for name, value in terms.growing.items()
        if not isinstance(before.get(name), int) or before[name] > value
    ]
    if differing:
        raise ChisoError(
            Code.BAD_ARGUMENT,
            f"{folder} was rendered with other arguments: {'; '.join(differing)}.",
            "Repeat the arguments that its render.json names, or name another folder with --out.",
        )
    return {name: int(before[name]) for name in terms.growing}


def agree(folder: Path, terms: Terms) -> None:
    """Write down what the folder is rendered by from now on."""
    text = json.dumps(terms.document(), indent=2) + "\n"
    write_whole(folder / TERMS_FILE, text.encode())


def write_whole(path: Path, content: bytes) -> None:
    """Give `path` this content in one step. Raises ChisoError: STORE_FULL, FILE_UNREADABLE."""
    part = path.with_name(f".{path.name}{_PART}")
    try:
        try:
            with part.open("wb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            part.replace(path)
        finally:
            part.unlink(missing_ok=True)
    except OSError as error:
        raise unwritable(path, error) from error


def unwritable(path: Path, error: OSError) -> ChisoError:
    """The error for a place that cannot be written to: STORE_FULL on a full disk."""
    if error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
        return ChisoError(
            Code.STORE_FULL,
            f"The disk is full: {path} was not written.",
            "Free some space, and run the same command again: it goes on from there.",
        )
    return ChisoError(
        Code.FILE_UNREADABLE,
        f"{path} cannot be written ({error.strerror}).",
        "Name a folder that you may write to with --out.",
    )


def _tidy(folder: Path) -> None:
    """Remove what a killed run left half written; refuse a folder of other things."""
    try:
        names = [each.name for each in folder.iterdir()]
        for name in names:
            if name.startswith(".") and name.endswith(_PART):
                (folder / name).unlink()
                names = [each for each in names if each != name]
    except OSError as error:
        raise unwritable(folder, error) from error
    if names and TERMS_FILE not in names:
        raise _not_ours(folder)


def _not_ours(folder: Path) -> ChisoError:
    return ChisoError(
        Code.BAD_ARGUMENT,
        f"{folder} holds other things than what this command renders.",
        "Name a new or empty folder with --out, or one that it began to fill.",
    )


def _busy(folder: Path) -> ChisoError:
    return ChisoError(
        Code.STORE_BUSY,
        f"Another process is rendering into {folder}.",
        "Let it finish, or name another folder with --out.",
    )
