"""Putting a restored home in the place of another, so that a crash leaves one of the two whole."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from chiso.adapters.files import keep_names, unwritable, write_atomically
from chiso.adapters.home_files import (
    ANCHOR_FILE,
    HOME_FILE,
    KEYSTORE_FILE,
    OPERATOR_KEY_FILE,
    STORE_FILE,
)
from chiso.adapters.home_lock import alone_in, being_restored, others_at_work
from chiso.adapters.operator_key import STAGED_KEY_FILE

ASIDE = ".before-restore"
_MAKING = ".restoring"
_PLACED = "placed"
_SIDECARS = ("-wal", "-shm", "-journal")
_OF_A_HOME = (
    HOME_FILE,  # first: without it there is no home to open
    ANCHOR_FILE,
    OPERATOR_KEY_FILE,
    STAGED_KEY_FILE,
    *(STORE_FILE + end for end in ("", *_SIDECARS)),
    *(KEYSTORE_FILE + end for end in ("", *_SIDECARS)),
)


@contextmanager
def making_in(directory: Path) -> Iterator[Path]:
    """An empty folder inside `directory`, which is made if need be: to build a home in.

    What a restore that was killed left there goes first: people in it may have withdrawn since.
    Raises STORE_BUSY where another process is at work in the home, or restores it.
    """
    is_new = not directory.exists()
    making = directory / _MAKING
    try:
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        with alone_in(directory, others_at_work):
            shutil.rmtree(making, ignore_errors=True)
            making.mkdir(mode=0o700)
            try:
                yield making
            finally:
                shutil.rmtree(making, ignore_errors=True)
    except OSError as error:
        raise unwritable(directory, error) from error
    finally:
        if is_new and directory.exists() and not any(directory.iterdir()):
            directory.rmdir()


def swap_in(made: Path, directory: Path) -> None:
    """Let the finished home in `made` take the place of what is in `directory`.

    What was there is kept aside until all is in place, and goes then. Other files in the folder
    stay. Cut off before `home.json` is there, the next opening puts the former home back.
    """
    aside = directory / ASIDE
    placing = [name for name in _OF_A_HOME if (made / name).exists()]
    keeps_key = OPERATOR_KEY_FILE not in placing  # the key comes from the environment
    try:
        aside.mkdir(mode=0o700)
        keep_names(directory)
        for name in _OF_A_HOME:
            if (directory / name).exists() and not (keeps_key and name == OPERATOR_KEY_FILE):
                (directory / name).replace(aside / name)
        # From here on, and not before, a file of such a name in the folder is the new home's.
        write_atomically(aside / _PLACED, "\n".join(placing).encode())
        for name in reversed(placing):  # home.json last: it is what makes a home
            (made / name).replace(directory / name)
        keep_names(directory)
        _let_go(aside)
    except OSError as error:
        settle_swap(directory)
        raise unwritable(directory, error) from error


def settle_swap(directory: Path) -> None:
    """Finish what a restore that was cut off left: the new home if it is there, else the former.

    Raises STORE_BUSY while another process is restoring.
    """
    aside = directory / ASIDE
    try:
        if not aside.is_dir():
            return
    except PermissionError:
        return  # whoever reads the home next says so
    try:
        with alone_in(directory, being_restored):
            if not (directory / HOME_FILE).exists():
                _undo(aside, directory)
            shutil.rmtree(aside, ignore_errors=True)
    except OSError as error:
        raise unwritable(directory, error) from error


def _let_go(aside: Path) -> None:
    shutil.rmtree(aside)


def _undo(aside: Path, directory: Path) -> None:
    placed = aside / _PLACED
    if placed.exists():
        for name in placed.read_text().split("\n"):
            (directory / name).unlink(missing_ok=True)
        placed.unlink()  # what has such a name after this has been put back
        keep_names(aside)
    for name in reversed(_OF_A_HOME):
        if (aside / name).exists():
            (aside / name).replace(directory / name)
    keep_names(directory)
